/** Moves labels that would lie on each other apart, in their order, as little as it takes. Gives their places, in the order given. */
export function spreadLabels(places: readonly number[], apart: number): number[] {
  const order = places.map((_, index) => index).sort((a, b) => (places[a] as number) - (places[b] as number));
  const spread = [...places];
  // Groups of labels that touch share the middle of what they wanted.
  const groups: number[][] = [];
  const middleOf = (group: readonly number[]): number =>
    group.reduce((sum, index) => sum + (places[index] as number), 0) / group.length;
  const halfOf = (group: readonly number[]): number => ((group.length - 1) * apart) / 2;
  for (const index of order) {
    let group = [index];
    for (let last = groups.at(-1); last; last = groups.at(-1)) {
      if (middleOf(last) + halfOf(last) + apart <= middleOf(group) - halfOf(group)) break;
      group = [...last, ...group];
      groups.pop();
    }
    groups.push(group);
  }
  for (const group of groups)
    for (const [nth, index] of group.entries()) spread[index] = middleOf(group) - halfOf(group) + nth * apart;
  return spread;
}
