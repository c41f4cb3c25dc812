import type { ServiceName } from './services.ts';

/** A service ended although nobody asked it to; the message ends with what it last said. */
export class ServiceDied extends Error {
  override readonly name = 'ServiceDied';
  readonly reason = 'SERVICE_DIED';
  readonly service: ServiceName;

  constructor(service: ServiceName, how: string, lastLines: readonly string[]) {
    const said = lastLines.map((line) => `\n  ${line}`).join('') || '\n  (nothing)';
    super(`the ${service} service ended by itself (${how}); its last lines:${said}`);
    this.service = service;
  }
}
