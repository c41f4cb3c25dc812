import type { Comparison, Figures } from './compare.ts';

/** CPU of a call or message on the side that has more to do. */
function busier({ clientUs, serverUs }: Figures): number {
  return Math.max(clientUs.median, serverUs.median);
}

/** How the rates would compare if each side had its core for itself: steadier than the rates are on a machine with other work. */
export function cpuRatio({ bare, full }: Comparison): number {
  return busier(bare) / busier(full);
}
