import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { loadForReflection } from '@millrace/contracts';
import type { Implementation } from './handlers.ts';

/** Adds server reflection, v1 and v1alpha, for grpcurl and `buf curl`. */
export function addReflection(server: Server, implementations: readonly Implementation[]): void {
  const definition = loadForReflection(implementations.map(({ service }) => service.descriptor));
  const services = implementations.map(({ service }) => service.name);
  new ReflectionService(definition, { services }).addToServer(server);
}
