import { ScalarType, type Message } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { MethodPolicySchema, type MethodPolicy } from '../gen/millrace/policy/v1/policy_pb.js';

function inMessage(message: ReflectMessage, path: string): string[] {
  return message.fields.flatMap((field) => {
    if (!message.isSet(field)) return [];
    if (field.fieldKind === 'message') return inMessage(message.get(field), `${path}${field.name}.`);
    const isNumber = field.fieldKind === 'scalar' && field.scalar !== ScalarType.STRING;
    return isNumber && Number(message.get(field)) < 0 ? [`${path}${field.name}`] : [];
  });
}

/** The paths of the numbers in a policy that are below zero: `breaker.window_ms`. */
export function negativeFields(policy: MethodPolicy): readonly string[] {
  return inMessage(reflect(MethodPolicySchema, policy as Message & MethodPolicy), '');
}
