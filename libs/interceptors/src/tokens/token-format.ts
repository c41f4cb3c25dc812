/** The one signature algorithm: a token does not choose. */
export const ALGORITHM = 'EdDSA';

/** RFC 9068. */
export const TOKEN_TYPE = 'at+jwt';

/** Roles that name a service; only that service may give them. */
export const SERVICE_ROLE = 'service:';

/** Of a token, or a context, that names none. */
export const DEFAULT_TENANT = 'default';
