import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import type { Validator } from '@bufbuild/protovalidate';
import { leftToProtovalidate, type Check } from './check.ts';
import { createMessageChecks } from './message-checks.ts';

/**
 * A quick yes: the rules of each message type, compiled once into plain checks over the decoded object. A yes is a yes of protovalidate's;
 * a no only means that protovalidate is to be asked, because of a wrong field or of a rule that is not compiled.
 */
export function createIsValid(validator: Validator): (descriptor: DescMessage, message: Message) => boolean {
  const messages = createMessageChecks();
  const known = new WeakMap<DescMessage, Check<unknown>>();
  const compile = (descriptor: DescMessage): Check<unknown> => {
    // Rules that contradict the proto make every message of the type an error.
    const { kind } = validator.validate(descriptor, create(descriptor));
    return kind === 'error' ? leftToProtovalidate : (messages(descriptor) ?? (() => true));
  };
  return (descriptor, message) => {
    let check = known.get(descriptor);
    if (!check) known.set(descriptor, (check = compile(descriptor)));
    return check(message);
  };
}
