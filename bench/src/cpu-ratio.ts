import type { Figures } from './sample.ts';

/** CPU of a call or message on the side that has more to do. */
function busier({ clientUs, serverUs }: Figures): number {
  return Math.max(clientUs.median, serverUs.median);
}

/** How the rates would compare if each side had its core for itself: steadier than the rates are on a machine with other work. */
export function cpuRatio(of: Figures, to: Figures): number {
  return busier(to) / busier(of);
}
