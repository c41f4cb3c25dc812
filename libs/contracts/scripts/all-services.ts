import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { DescService } from '@bufbuild/protobuf';

const GENERATED = new URL('../gen/', import.meta.url);

function isService(value: unknown): value is DescService {
  return (value as { kind?: unknown } | null)?.kind === 'service';
}

/** Every service of the contract, found in the generated code, so that nobody has to list a new one. */
export async function allServices(): Promise<readonly DescService[]> {
  const services: DescService[] = [];
  for await (const path of glob('**/*_pb.js', { cwd: fileURLToPath(GENERATED) })) {
    const exported = (await import(new URL(path, GENERATED).href)) as Record<string, unknown>;
    services.push(...Object.values(exported).filter(isService));
  }
  return services.sort((one, other) => one.typeName.localeCompare(other.typeName));
}
