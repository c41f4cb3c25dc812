import { ScalarType, type DescMessage } from '@bufbuild/protobuf';
import { badRequest, type Call } from '@millrace/rpc';

/** Printed characters of any script; the first form is only quicker. */
const [ASCII, ANY] = [/^[!-~]{1,128}$/, /^[^\p{Cc}\p{Cf}\p{Cs}\p{Z}]{1,128}$/u];

/** Whether requests of this type carry a key: by convention a string field of this name. */
function hasKey({ field }: DescMessage): boolean {
  const key = field['idempotencyKey'];
  return key?.fieldKind === 'scalar' && key.scalar === ScalarType.STRING && !key.oneof;
}

/** The key of a unary call whose method goes by keys; undefined of others. Throws INVALID_ARGUMENT for one that is none. */
export function keyOf({ kind, method, request }: Call): string | undefined {
  if (kind !== 'unary' || method.policy.idempotency !== 'idempotent') return undefined;
  if (!hasKey(method.request.descriptor)) return undefined;
  const { idempotencyKey: key = '' } = request as { idempotencyKey?: string };
  if (ASCII.test(key) || ANY.test(key)) return key;
  throw badRequest([{ field: 'idempotency_key', description: 'must be 1 to 128 visible characters' }]);
}

/** What a key means something within: a method, a tenant, and who of it asks. */
export function scopeOf({ method, context: { principal } }: Call, key: string): string {
  const { tenant = '', subject = '' } = principal ?? {};
  // With its lengths, or two different scopes could read alike.
  return `${method.path} ${tenant.length} ${tenant} ${subject.length} ${subject} ${key}`;
}
