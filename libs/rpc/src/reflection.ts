import type { Server, UntypedHandleCall } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { loadForReflection } from '@millrace/contracts';
import type { Implementation } from './handlers.ts';

type Registry = Pick<Server, 'addService'>;
type AnswerStream = (stream: unknown) => void;

/** The library's own registration, onto anything that takes services; it asks no more of a server. */
function register(reflection: ReflectionService, registry: Registry): void {
  reflection.addToServer(registry as Server);
}

/**
 * Adds server reflection, v1 and v1alpha, for grpcurl and `buf curl`. What it answers from is made at the first question:
 * reading all descriptors takes longer than the rest of a server's making.
 */
export function addReflection(server: Server, implementations: readonly Implementation[]): void {
  let answers: AnswerStream[] | undefined;
  const makeAnswers = (): AnswerStream[] => {
    const made: AnswerStream[] = [];
    const definition = loadForReflection(implementations.map(({ service }) => service.descriptor));
    const services = implementations.map(({ service }) => service.name);
    register(new ReflectionService(definition, { services }), {
      addService: (_, methods) => void made.push(methods['ServerReflectionInfo'] as unknown as AnswerStream),
    });
    return made;
  };
  let versions = 0;
  register(new ReflectionService({}), {
    addService: (definition) => {
      const version = versions;
      versions += 1;
      const answer: AnswerStream = (stream) => (answers ??= makeAnswers())[version]?.(stream);
      server.addService(definition, { ServerReflectionInfo: answer as UntypedHandleCall });
    },
  });
}
