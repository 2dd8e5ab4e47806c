/** Owns dominance: which points no other point beats; less is better in every coordinate. */

/** Whether `a` is worse than `b` in no coordinate and better in at least one. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, index) => value <= b[index]!) && a.some((value, i) => value < b[i]!)
}

/** The items whose points no other item's point dominates, in the order given. */
export function paretoFront<Item>(
  items: readonly Item[],
  pointOf: (item: Item) => readonly number[],
): readonly Item[] {
  return items.filter((item) => !items.some((other) => dominates(pointOf(other), pointOf(item))))
}
