/** Names one operation: a key means something only within its tenant and method. */
export interface OperationKey {
  tenant: string;
  method: string;
  key: string;
}

export interface Operation extends OperationKey {
  /** Hash of the request's canonical encoding, see `fingerprint`. */
  fingerprint: string;
  /** What the operation makes, for example the order's id; a repeat is told the first one's. */
  subjectId: string;
}

/** Names one operation by what it made; a saga knows the order, not the key. */
export interface OperationSubject {
  tenant: string;
  method: string;
  subjectId: string;
}

/** Whether this call made the effect or an earlier one did. `reply` is undefined until the operation is settled. */
export type Once<T> =
  { kind: 'first'; value: T } | { kind: 'repeat'; subjectId: string; reply: Uint8Array | undefined };
