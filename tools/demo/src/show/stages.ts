import { Listr } from 'listr2';
import colours from 'picocolors';

/** Says where a stage stands, in a few words. */
export type Say = (text: string) => void;

/** Runs one stage after the other and shows where it stands: live on a terminal, by a line now and then elsewhere. */
export interface Stages {
  run<T>(title: string, work: (say: Say) => Promise<T>): Promise<T>;
}

const PLAIN_EVERY_MS = 2_000;

export interface StagesOptions {
  /** Rejects when whatever runs has to end: a Ctrl-C, a service that died. */
  ending: Promise<never>;
  /** Default: whether standard output is a terminal. */
  isLive?: boolean;
}

export function createStages({ ending, isLive = process.stdout.isTTY === true }: StagesOptions): Stages {
  ending.catch(() => undefined);
  const run = isLive ? runLive : runPlain;
  return {
    run: (title, work) =>
      run(title, async (say) => {
        let isOver = false;
        try {
          // What goes on behind a stage that was ended has nothing to say any more.
          return await Promise.race([work((text) => isOver || say(text)), ending]);
        } finally {
          isOver = true;
        }
      }),
  };
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

async function runPlain<T>(title: string, work: (say: Say) => Promise<T>): Promise<T> {
  const start = performance.now();
  let last = '';
  let shownAt = start;
  console.log(colours.dim(`  ${title} …`));
  const result = await work((text) => {
    last = text;
    if (performance.now() - shownAt < PLAIN_EVERY_MS) return;
    shownAt = performance.now();
    console.log(colours.dim(`  ${text}`));
  });
  console.log(`${colours.green('✔')} ${finished(title, last, start)}`);
  return result;
}

async function runLive<T>(title: string, work: (say: Say) => Promise<T>): Promise<T> {
  const start = performance.now();
  const results: T[] = [];
  const list = new Listr(
    [
      {
        title,
        task: async (_, task) => {
          let last = '';
          results.push(
            await work((text) => {
              last = text;
              task.title = `${title} ${colours.dim(text)}`;
            }),
          );
          task.title = finished(title, last, start);
        },
      },
    ],
    { registerSignalListeners: false, rendererOptions: { showErrorMessage: false } },
  );
  await list.run();
  return results[0] as T;
}

function finished(title: string, last: string, start: number): string {
  return `${title}${last === '' ? '' : `  ${last}`} ${colours.dim(`(${seconds(start)})`)}`;
}
