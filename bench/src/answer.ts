type Answers = Readonly<Record<string, (input: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly question: string;
  readonly input: unknown;
}

/** Answers what the process that started this one asks, until that one lets go. */
export function answer(answers: Answers): void {
  process.on('message', ({ id, question, input }: Question) => {
    const work = async () => answers[question]?.(input as never);
    work().then(
      (result) => process.send?.({ id, result }),
      (error: Error) => process.send?.({ id, error: error.stack ?? error.message }),
    );
  });
  process.once('disconnect', () => process.exit());
}
