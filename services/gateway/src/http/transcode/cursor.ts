import type { DescField, Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import type { Method } from '@millrace/contracts';
import { findField } from './field-path.ts';

/** How a stream is taken up again where it broke off. */
export interface ResumeFields {
  /** Where a message stands in the stream. */
  cursorOf(message: unknown): string | undefined;
  /** Makes the request ask for what comes after. */
  resume(request: Message, cursor: string): void;
}

const isText = (field: DescField | undefined): boolean => field?.fieldKind === 'scalar' && field.scalar === 9;

/**
 * By convention, so that no stream needs code of its own: a stream can be resumed when its request has a string `cursor`
 * and its messages have a string `cursor`, or an `event` that has one. Undefined for others.
 */
export function resumeFieldsOf({ request, response }: Method): ResumeFields | undefined {
  const [into] = findField(request.descriptor, 'cursor') ?? [];
  const path = findField(response.descriptor, 'event.cursor') ?? findField(response.descriptor, 'cursor');
  if (!into || !path || !isText(into) || !isText(path.at(-1))) return undefined;
  return {
    cursorOf(message) {
      let inside: unknown = message;
      for (const { localName } of path) inside = (inside as Record<string, unknown> | undefined)?.[localName];
      return typeof inside === 'string' && inside !== '' ? inside : undefined;
    },
    resume: (message, cursor) => reflect(request.descriptor, message).set(into, cursor),
  };
}
