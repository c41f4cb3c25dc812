// Answers what the process that started this one asks: a line of words in, a line of JSON out, until that one lets go.
#pragma once

#include <sys/resource.h>

#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

// What was asked, `name=value` each.
using Input = std::map<std::string, double>;
using Answers = std::map<std::string, std::function<std::string(const Input&)>>;

// CPU of this process, in microseconds.
struct Cpu {
  long user = 0;
  long system = 0;
};

inline Cpu ReadCpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& time) { return time.tv_sec * 1000000L + time.tv_usec; };
  return {micros(usage.ru_utime), micros(usage.ru_stime)};
}

inline void Answer(const Answers& answers) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string question;
    words >> question;
    Input input;
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      input[word.substr(0, equals)] = std::stod(word.substr(equals + 1));
    }
    const auto found = answers.find(question);
    std::cout << (found == answers.end() ? "null" : found->second(input)) << std::endl;
  }
}
