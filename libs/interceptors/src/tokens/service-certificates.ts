import { Code, RpcError, type PeerIdentity, type Principal } from '@millrace/rpc';
import type { Authenticate } from '../auth.ts';
import { DEFAULT_TENANT, isServiceName, SERVICE_ROLE } from './token-format.ts';

/** The service that a verified certificate names; undefined for one that names none. */
export type ServiceOf = (peer: PeerIdentity) => string | undefined;

const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]+)\/service\/([^/]+)$/;

/**
 * Services by their SPIFFE id, `spiffe://<trust domain>/service/<name>`, which a certificate has one of
 * (https://spiffe.io/docs/latest/spiffe-specs/x509-svid). Without a trust domain any that the server's authorities vouch for is taken.
 */
export function spiffeServices(trustDomain?: string): ServiceOf {
  return ({ uris }) => {
    const [uri = '', ...others] = uris;
    const [, domain, name] = SPIFFE_ID.exec(uri) ?? [];
    if (others.length > 0 || !isServiceName(name)) return undefined;
    return trustDomain === undefined || domain === trustDomain ? name : undefined;
  };
}

/** A service that speaks for itself: its role is `service:<name>`. */
export function servicePrincipal(name: string): Principal {
  return { subject: name, tenant: DEFAULT_TENANT, roles: [`${SERVICE_ROLE}${name}`], actor: name };
}

/** For servers that services call with their certificates and without tokens. UNAUTHENTICATED: CERTIFICATE_MISSING. */
export function serviceCertificates(serviceOf: ServiceOf): Authenticate {
  return (_authorization, peer) => {
    const service = peer && serviceOf(peer);
    if (service !== undefined) return servicePrincipal(service);
    const init = { reason: 'CERTIFICATE_MISSING', sent: 'refused' } as const;
    throw new RpcError(Code.UNAUTHENTICATED, 'the certificate of a service is required', init);
  };
}
