import { createServer, createVerifier } from '@millrace/interceptors';
import type { Implementation } from '@millrace/rpc';
import { createLogger } from '@millrace/runtime';
import { readSetup } from '../setup.ts';

/** Who serves, and whose tokens it takes. */
interface Identity {
  readonly service: string;
  readonly callers: readonly string[];
}

/** Serves with the kit's whole chain, as a service has it, on any free port. Telemetry is started before. */
export async function serveFull(
  implementation: Implementation,
  { service, callers }: Identity,
): Promise<number> {
  const { keySetFile } = readSetup();
  const logger = createLogger({ service });
  const server = createServer({
    services: [implementation],
    service,
    logger,
    auth: createVerifier({ keySetFile, issuers: callers, audience: service, logger }),
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return port;
}
