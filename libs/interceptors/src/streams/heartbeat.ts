import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import { mergeMetadata, type ReadonlyMetadata } from '@millrace/rpc';

/** In a call's metadata `1` asks for heartbeats; in the headers of its reply it says how many ms apart they come. */
export const HEARTBEAT_KEY = 'millrace-heartbeat';

/** The last number a field can have. No message of the kit declares it. */
const HEARTBEAT_FIELD = 536_870_911;
const VARINT = 0;

/**
 * A sign of life on a stream without news: an empty message of the stream's own type, marked by a field that no proto declares.
 * A reader that knows nothing of it would take it for an empty message, so only those who asked are sent any.
 */
export function createHeartbeat(descriptor: DescMessage): Message {
  const message = create(descriptor);
  message.$unknown = [{ no: HEARTBEAT_FIELD, wireType: VARINT, data: new Uint8Array([1]) }];
  return message;
}

/** Whether a message that was received is a heartbeat. */
export function isHeartbeat(message: unknown): boolean {
  const unknown = (message as Message).$unknown;
  return unknown?.length === 1 && unknown[0]?.no === HEARTBEAT_FIELD;
}

/** The metadata of a call that asks for heartbeats. */
export function askForHeartbeats(metadata: ReadonlyMetadata): ReadonlyMetadata {
  return mergeMetadata(metadata, { [HEARTBEAT_KEY]: '1' });
}

/** The headers of a reply that has them. */
export function promiseHeartbeats(headers: ReadonlyMetadata, everyMs: number): ReadonlyMetadata {
  return mergeMetadata(headers, { [HEARTBEAT_KEY]: String(everyMs) });
}

/** How many ms apart heartbeats were promised; undefined when they were not. */
export function promisedHeartbeatMs(headers: ReadonlyMetadata): number | undefined {
  const everyMs = Number(headers.get(HEARTBEAT_KEY));
  return everyMs > 0 && everyMs < Infinity ? everyMs : undefined;
}
