/** Owns the registered suites by name, in the order lists show them. */
import { agreement } from './agreement.ts'
import { background } from './background.ts'
import { counts } from './counts.ts'
import { memory } from './memory.ts'
import { peers } from './peers.ts'
import { presets } from './presets.ts'
import { silk } from './silk.ts'
import { stability } from './stability.ts'
import type { Suite } from './suite.ts'
import { tuner } from './tuner.ts'
import { virtualThreads } from './virtual-threads.ts'
import { wisckey } from './wisckey.ts'

const ALL: readonly Suite[] = [
  agreement,
  background,
  counts,
  memory,
  peers,
  presets,
  silk,
  stability,
  tuner,
  virtualThreads,
  wisckey,
]

export const SUITES: ReadonlyMap<string, Suite> = new Map(ALL.map((suite) => [suite.name, suite]))
