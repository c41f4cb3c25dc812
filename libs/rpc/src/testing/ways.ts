import type { Call } from '../call.ts';
import type { Interceptor } from '../interceptor.ts';
import { createRig, type Rig, type RigOptions } from './rig.ts';

/** How unary calls go from a client to a server. */
export interface Way {
  readonly way: string;
  readonly channel: boolean;
}

/** All ways there are. What a call does and how it ends is the same on each. */
export const WAYS: readonly Way[] = [
  { way: 'on a channel', channel: true },
  { way: 'on a stream of its own', channel: false },
];

/** grpc-js says who it is with every call that is a stream; on a channel nobody says it. */
function cameByChannel({ metadata }: Call): boolean {
  return metadata.get('user-agent') === undefined;
}

/** A rig whose unary calls go this way. Throws at its end where one has come to the server by another. */
export async function createRigFor({ way, channel }: Way, options: RigOptions = {}): Promise<Rig> {
  let astray = 0;
  const watch: Interceptor = (call, next) => {
    if (call.kind === 'unary' && cameByChannel(call) !== channel) astray += 1;
    return next(call);
  };
  const rig = await createRig({ ...options, channel, server: [watch, ...(options.server ?? [])] });
  const close = async (): Promise<void> => {
    await rig.close();
    if (astray > 0) throw new Error(`${astray} calls did not go ${way}`);
  };
  return { ...rig, close, [Symbol.asyncDispose]: close };
}
