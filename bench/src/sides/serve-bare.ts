import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadService } from '@millrace/contracts';

/** Serves by grpc-js alone, with the contract's codec, on any free port. */
export function serveBare(
  service: Parameters<typeof loadService>[0],
  handlers: UntypedServiceImplementation,
): Promise<number> {
  const server = new Server();
  server.addService(loadService(service), handlers);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}
