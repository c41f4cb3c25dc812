/** The signature algorithm of our own tokens. */
export const ALGORITHM = 'EdDSA';

/** RFC 9068. */
export const TOKEN_TYPE = 'at+jwt';

/** Roles that name a service; only that service may give them. */
export const SERVICE_ROLE = 'service:';

/** Of a token, or a context, that names none. */
export const DEFAULT_TENANT = 'default';

const SERVICE_NAME = /^[a-z][\w.-]{0,47}$/;

/** Whether it can be the name of a service, and so part of a role. */
export function isServiceName(name: unknown): name is string {
  return typeof name === 'string' && SERVICE_NAME.test(name);
}

/** Whose key this is, where a set has those of several issuers: `order`, or `order#2` while its keys are changed. */
export function issuerOfKey(kid: string): string {
  return kid.replace(/#.*$/s, '');
}
