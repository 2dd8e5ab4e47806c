/** Owns the contract of a start that replaces a run's load by a tree loaded before. */
import type { CountedTarget } from './target.ts'

export interface AgedStart {
  /** Fills the fresh folder before it is opened. */
  clone(folder: string): void
  /** The target as the run sees it: it ignores the load's writes. */
  afterLoad(target: CountedTarget): CountedTarget
}
