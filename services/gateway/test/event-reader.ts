/** One server-sent event as it came. */
export interface ReceivedEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: unknown;
}

function parse(block: string): ReceivedEvent | undefined {
  const lines = block.split('\n').filter((line) => !line.startsWith(':'));
  const fields = Object.fromEntries(
    lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
  );
  if (fields.data === undefined) return undefined;
  return { ...fields, data: JSON.parse(fields.data) as unknown };
}

/** Reads a response's events; `comments` collects its heartbeats. Leaving the loop closes the connection. */
export async function* readEvents(
  response: Response,
  comments: string[] = [],
): AsyncGenerator<ReceivedEvent> {
  let rest = '';
  const text = response.body?.pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>;
  for await (const chunk of text) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) comments.push(block);
      const event = parse(block);
      if (event) yield event;
    }
  }
}
