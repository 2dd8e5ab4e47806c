/**
 * Owns the seam between the block cache and the policy that chooses which block leaves. A policy
 * knows slots and their bytes only.
 */

export interface Eviction {
  /** From now on the slots below `count` exist. Slots do not disappear. */
  grow(count: number): void
  /** A block of `bytes` took the slot. `hash` identifies it also after it has left. */
  inserted(slot: number, bytes: number, hash: number): void
  hit(slot: number): void
  /** The slot of the block that should leave. The cache holds at least one block. */
  victim(capacityBytes: number): number
  /** The block left its slot: as the victim, or because its table is gone. */
  removed(slot: number, isVictim: boolean): void
}
