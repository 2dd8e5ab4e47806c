/** Owns the registered suites by name, in the order lists show them. */
import { counts } from './counts.ts'
import type { Suite } from './suite.ts'

export const SUITES: ReadonlyMap<string, Suite> = new Map(
  [counts].map((suite) => [suite.name, suite]),
)
