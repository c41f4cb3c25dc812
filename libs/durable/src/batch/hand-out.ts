/** What somebody would like to have of each thing, by its name. All of it or nothing. */
export type Wish = readonly (readonly [name: string, quantity: bigint])[];

/** Which wishes come true, in the order of their arrival. What one does not get is there for those after it. */
export function handOut(wishes: readonly Wish[], stock: ReadonlyMap<string, bigint>): boolean[] {
  const left = new Map(stock);
  return wishes.map((wish) => {
    const after = new Map<string, bigint>();
    for (const [name, quantity] of wish) {
      after.set(name, (after.get(name) ?? left.get(name) ?? 0n) - quantity);
    }
    const isGranted = after.values().every((quantity) => quantity >= 0n);
    if (isGranted) for (const [name, quantity] of after) left.set(name, quantity);
    return isGranted;
  });
}
