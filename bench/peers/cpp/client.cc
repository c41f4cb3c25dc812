// A client process of the bench: the C++ library's asynchronous unary calls, one completion queue and one thread. Argument: the port.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "answer.h"
#include "shop/order/v1/order_service.grpc.pb.h"

using shop::order::v1::OrderService;
using shop::order::v1::PlaceOrderRequest;
using shop::order::v1::PlaceOrderResponse;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kOrders = 4096;

double MsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The order that the kit's client sends, each with another key.
std::vector<PlaceOrderRequest> CreateOrders() {
  std::vector<PlaceOrderRequest> orders(kOrders);
  for (int index = 0; index < kOrders; index++) {
    char key[64];
    std::snprintf(key, sizeof key, "0198c0de-7a10-7000-8000-%012d", index);
    auto& order = orders[index];
    order.set_idempotency_key(key);
    order.set_customer_id("customer-4711");
    order.set_currency_code("EUR");
    auto* kettle = order.add_lines();
    kettle->set_sku("kettle-red-1l");
    kettle->set_quantity(2);
    kettle->mutable_quoted_unit_price()->set_currency_code("EUR");
    kettle->mutable_quoted_unit_price()->set_amount_minor(4999);
    auto* teapot = order.add_lines();
    teapot->set_sku("teapot-blue-glazed-0.75l");
    teapot->set_quantity(1);
  }
  return orders;
}

struct Call {
  grpc::ClientContext context;
  PlaceOrderResponse reply;
  grpc::Status status;
  Clock::time_point start;
};

class Client {
 public:
  explicit Client(const std::string& address)
      : stub_(OrderService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {}

  // Keeps so many calls under way until the time is over and enough went well; the same as the other clients of the bench.
  std::string Drive(const Input& input) {
    const int in_flight = static_cast<int>(input.at("inFlight"));
    const double duration_ms = input.at("durationMs");
    const auto wanted = input.find("atLeast");
    const long at_least = wanted == input.end() ? 0 : static_cast<long>(wanted->second);
    std::vector<float> latencies;
    long failed = 0;
    int open = in_flight;
    const Cpu before = ReadCpu();
    const auto start = Clock::now();
    for (int index = 0; index < in_flight; index++) Begin();
    void* tag = nullptr;
    for (bool ok = false; open > 0 && queue_.Next(&tag, &ok);) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      if (ok && call->status.ok()) {
        latencies.push_back(static_cast<float>(MsSince(call->start)));
      } else {
        failed++;
      }
      if (static_cast<long>(latencies.size()) < at_least || MsSince(start) < duration_ms) {
        Begin();
      } else {
        open--;
      }
    }
    const double wall_ms = MsSince(start);
    const Cpu after = ReadCpu();
    const long cpu_us = after.user + after.system - before.user - before.system;
    return Tell(latencies, failed, wall_ms, cpu_us);
  }

 private:
  void Begin() {
    auto* call = new Call();
    next_ = (next_ + 1) % kOrders;
    call->start = Clock::now();
    stub_->AsyncPlaceOrder(&call->context, orders_[next_], &queue_)->Finish(&call->reply, &call->status, call);
  }

  static double Percentile(const std::vector<float>& sorted, double share) {
    if (sorted.empty()) return 0;
    const auto rank = static_cast<size_t>(std::ceil(static_cast<double>(sorted.size()) * share));
    return sorted[std::max<size_t>(rank, 1) - 1];
  }

  static std::string Tell(std::vector<float>& latencies, long failed, double wall_ms, long cpu_us) {
    std::sort(latencies.begin(), latencies.end());
    std::ostringstream json;
    json << "{\"count\":" << latencies.size() << ",\"failed\":" << failed << ",\"wallMs\":" << wall_ms
         << ",\"cpuUs\":" << cpu_us << ",\"p50Ms\":" << Percentile(latencies, 0.5)
         << ",\"p99Ms\":" << Percentile(latencies, 0.99) << "}";
    return json.str();
  }

  const std::vector<PlaceOrderRequest> orders_ = CreateOrders();
  const std::unique_ptr<OrderService::Stub> stub_;
  grpc::CompletionQueue queue_;
  int next_ = 0;
};

}  // namespace

int main(int, char** arguments) {
  Client client(std::string("127.0.0.1:") + arguments[1]);
  Answer({{"drive", [&](const Input& input) { return client.Drive(input); }}});
}
