/** Owns the registered suites by name, in the order lists show them. */
import { counts } from './counts.ts'
import { memory } from './memory.ts'
import type { Suite } from './suite.ts'

export const SUITES: ReadonlyMap<string, Suite> = new Map(
  [counts, memory].map((suite) => [suite.name, suite]),
)
