/** Owns the form of what puts a loaded tree in place of a run's load. */
import type { Target } from './target.ts'

export interface AgedStart {
  /** Fills the fresh folder before it is opened. */
  clone(folder: string): void
  /** The target as the run sees it: it lets the load's writes pass by. */
  afterLoad(target: Target): Target
}
