import { createHash } from 'node:crypto';

/** Marks of a place in a list or a log, given out to come back. They guard against mistakes and are no secret. */
export interface Seal {
  close(position: string): string;
  /** Undefined for a mark that was not given out in this scope. */
  open(mark: string): string | undefined;
}

/** Marks that are good in one scope only: a tenant, a caller's view, a query. */
export function createSeal(scope: readonly unknown[]): Seal {
  const close = (position: string): string => {
    const seal = createHash('sha256').update(JSON.stringify([scope, position]));
    return `${Buffer.from(position).toString('base64url')}.${seal.digest('base64url')}`;
  };
  return {
    close,
    open(mark) {
      const position = Buffer.from(mark.split('.', 1)[0] ?? '', 'base64url').toString();
      return close(position) === mark ? position : undefined;
    },
  };
}
