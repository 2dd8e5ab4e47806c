/** Owns the description of a broken rule: the message, and the tree, jobs and pick at that time. */

import type { CompactionSpec } from '../../engine/compaction/strategy.ts'
import type { Version } from '../../engine/version/version.ts'

/** What was known when a rule was seen broken. */
export interface Scene {
  readonly version?: Version
  readonly running?: readonly CompactionSpec[]
  readonly spec?: CompactionSpec | null
}

/** Thrown by a rule's check. Shrinking looks for the smallest history that still throws one. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly scene: Scene

  constructor(message: string, scene: Scene = {}) {
    super(message)
    this.scene = scene
  }
}

/** The strategy costs too much time, so other rules would not end either. */
export class TooSlow extends Violation {
  constructor(message: string, scene: Scene = {}) {
    super(`too slow: ${message}`, scene)
  }
}
