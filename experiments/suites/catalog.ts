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
import { wisckey } from './wisckey.ts'

export const SUITES: ReadonlyMap<string, Suite> = new Map(
  [agreement, background, counts, memory, peers, presets, silk, stability, tuner, wisckey].map(
    (suite) => [suite.name, suite],
  ),
)
