import { systemLoop, type EventLoop } from '../shed/event-loop.ts';

/** An event loop whose time and turns the test decides; microtasks are real. */
export class FakeLoop implements EventLoop {
  #nowMs = 1_000;
  #waiting: (() => void)[] = [];

  readonly now = (): number => this.#nowMs;
  readonly afterMicrotasks = systemLoop.afterMicrotasks;

  readonly afterInput = (callback: () => void): void => {
    this.#waiting.push(callback);
  };

  /** Whether something waits for the input to be gone through. */
  get isScheduled(): boolean {
    return this.#waiting.length > 0;
  }

  /** As work on the loop does. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  /** The input has been gone through; settles when everything that this begins waits for something else. */
  async turn(): Promise<void> {
    for (const callback of this.#waiting.splice(0)) callback();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
