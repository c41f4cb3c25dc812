import type { System } from '@millrace/dev';
import { openBooks } from './books/books.ts';
import { readFindings } from './books/read-findings.ts';
import { readTotals } from './books/totals.ts';
import { untilAtRest } from './books/until-at-rest.ts';
import { count } from './books/finding.ts';
import { createHalfWay } from './half-way.ts';
import { createHttpClient } from './load/http-client.ts';
import { createObservations, type Observations } from './load/observations.ts';
import { createOrderSender, type OrderSender } from './load/order-sender.ts';
import { createStreamClient } from './load/stream-client.ts';
import type { Settings } from './settings.ts';
import type { Say, Stages } from './show/stages.ts';
import { formatSummary, isSound } from './show/summary.ts';

/** Orders under way at once on each of the two ways. */
export const CONCURRENCY = 32;

/** What a run takes its orders from. */
export interface Source {
  title: string;
  /** The command that repeats it. */
  again: string;
  /** How many times `onDone` will be called. */
  total: number;
  /** Sends everything. Returns what got no answer, with the reason. */
  send(means: Means): Promise<string[]>;
  /** Shown above the summary. */
  report?(): string;
}

/** What a source sends with. */
export interface Means {
  http: ReturnType<typeof createHttpClient>;
  stream: ReturnType<typeof createStreamClient>;
  sender: OrderSender;
  concurrency: number;
  onDone(): void;
}

async function withClients<T>(
  system: System,
  work: (clients: Pick<Means, 'http' | 'stream'>) => Promise<T>,
): Promise<T> {
  const { http: baseUrl, grpc: address } = system.addresses;
  const http = createHttpClient({
    baseUrl,
    token: (subject) => system.token(subject, 'customer'),
    // A duplicate sent at once needs one too: no call of ours waits for a connection.
    connections: 2 * CONCURRENCY,
  });
  const stream = createStreamClient({ address, token: await system.token('importer', 'importer') });
  try {
    return await work({ http, stream });
  } finally {
    await Promise.all([http.close(), stream.close()]);
  }
}

interface Run {
  system: System;
  source: Source;
  settings: Settings;
  observed: Observations;
  sender: OrderSender;
}

/** Sends everything; half way through, kills and restarts what it was told to. */
async function send({ system, source, settings, observed, sender }: Run, say: Say): Promise<string[]> {
  const { kill } = settings;
  let note = '';
  const half = createHalfWay(source.total, async () => {
    if (kill === undefined) return;
    note = `, ${kill} killed`;
    await system.kill(kill);
    await system.restart(kill);
    note = `, ${kill} killed and back`;
  });
  const start = performance.now();
  const onDone = () => {
    half.done();
    const rate = observed.latency.totalCount / ((performance.now() - start) / 1000);
    say(`${count(half.count)} of ${count(source.total)}, ${rate.toFixed(0)}/s${note}`);
  };
  const failures = await withClients(system, ({ http, stream }) => {
    const sending = source.send({ http, stream, sender, concurrency: CONCURRENCY, onDone });
    return Promise.race([sending, half.failed]);
  });
  await half.settled();
  return failures;
}

/** Takes the source's orders through the running system and proves that the books balance. Returns whether they do. */
export async function runDemo(
  system: System,
  source: Source,
  { settings, stages }: { settings: Settings; stages: Stages },
): Promise<boolean> {
  const observed = createObservations();
  const sender = createOrderSender(observed);
  const urls = { orders: system.databaseUrl('orders'), payments: system.databaseUrl('payments') };
  const books = openBooks(urls, observed);
  try {
    const start = performance.now();
    const failures = await stages.run(source.title, (say) =>
      send({ system, source, settings, observed, sender }, say),
    );
    const tookMs = performance.now() - start;
    await stages.run('Waiting for the last events', async (say) => {
      await untilAtRest(books, {
        onWait: ({ sagas, unpublished, undelivered }) =>
          say(`${sagas} sagas and ${unpublished + undelivered} events are under way`),
      });
      say('');
    });
    const verdicts = await readFindings(books);
    const totals = await readTotals(books);
    if (source.report) console.log(source.report());
    const { again } = source;
    const summary = { totals, verdicts, observed, tookMs, failures, again, retries: sender.retries };
    console.log(formatSummary(summary));
    return isSound(summary);
  } finally {
    await books.close();
  }
}
