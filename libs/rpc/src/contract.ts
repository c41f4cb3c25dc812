import type { Server } from '@grpc/grpc-js';
import type { DescService } from '@bufbuild/protobuf';
import { loadService } from '@millrace/contracts';

const asIs = (bytes: Buffer): Buffer => bytes;

/** Makes the server know a service's methods. Bytes pass through grpc-js as they are: what cannot be read is answered by us. */
export function addContract(server: Server, descriptor: DescService): void {
  const methods = Object.entries(loadService(descriptor)).map(([name, method]) => {
    return [name, { ...method, requestDeserialize: asIs, responseSerialize: asIs }];
  });
  server.addService(Object.fromEntries(methods), {});
}
