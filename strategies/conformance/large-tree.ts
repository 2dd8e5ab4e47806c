/**
 * Owns a tree of ten levels and many tables, made by the statistical simulator, that a strategy
 * takes over. Its sizes exceed 2^32 bytes.
 */

import { ManualClock } from '../../engine/base/clock.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { levelAt } from '../../engine/version/version.ts'
import { outputTo, wholeRuns } from '../primitives/specs.ts'
import { uniformKeys } from '../simulator/key-model.ts'
import { StatisticalSimulator } from '../simulator/statistical-simulator.ts'
import type { Subject } from './subject.ts'
import { START_MS } from './tree.ts'

const KEY_BYTES = 16
const VALUE_BYTES = 1008
const ENTRY_BYTES = KEY_BYTES + VALUE_BYTES
const MEMTABLE_BYTES = 1 << 20
const MEMTABLE_ENTRIES = MEMTABLE_BYTES / ENTRY_BYTES

const LEVELS = 10
/** Memtables that the strategy flushes itself. */
const FLUSHES = 9
/** Picks after each. A strategy may need more until it rests; these are not made. */
const PICKS_MAX = 12

const LOAD = { insert: 1, update: 0, delete: 0 }
const UPDATES = { insert: 0, update: 0.9, delete: 0.1 }

/**
 * Builds the tree: each level twice as large as the one above. Then the strategy flushes and
 * compacts; `look` sees every view from which it picks, and how often it has flushed. Throws the
 * engine's refusal of a pick.
 */
export function growLargeTree(
  subject: Subject,
  tables: number,
  look: (strategy: CompactionStrategy, view: TreeView, flushes: number) => void,
): void {
  const strategy = subject.create()
  const handover = new Handover(strategy, (view) => look(strategy, view, handover.flushes))
  const entries = tables * MEMTABLE_ENTRIES
  const simulator = new StatisticalSimulator({
    strategy: handover.strategy,
    // So large that a level is one flush. The strategy is shown the smaller memtable.
    memtableBytes: tables * MEMTABLE_BYTES,
    clock: new ManualClock(START_MS),
    seed: 1,
    insertOrder: 'hashed',
    // Rules of small trees check what is dropped.
    retention: subject.module.drops ? { maxAgeMs: 1, maxBytes: 1 } : subject.retention,
    shape: {
      model: uniformKeys(entries),
      keyBytes: KEY_BYTES,
      valueBytes: VALUE_BYTES,
      keyPrefixBytes: 4,
      keyRadix: 10,
      blocks: { blockBytes: 4096, restartInterval: 16 },
    },
  })
  for (let level = LEVELS; level >= 1; level--) {
    handover.level = level
    simulator.write(LOAD, Math.floor(entries / 2 ** (LEVELS + 1 - level)))
    simulator.flush()
  }
  handover.level = null
  for (let flush = 0; flush < FLUSHES; flush++) {
    handover.flushes++
    handover.picks = 0
    simulator.write(UPDATES, MEMTABLE_ENTRIES)
    simulator.flush()
  }
}

/** A strategy that fills one level after another, and then is the checked one. */
class Handover {
  /** The level to fill; null once the checked strategy has taken over. */
  level: number | null = null
  flushes = 0
  picks = 0
  readonly strategy: CompactionStrategy

  constructor(checked: CompactionStrategy, look: (view: TreeView) => void) {
    let state = checked.initialState
    this.strategy = {
      ...checked,
      initialState: null,
      flushFilter: () => ({ bitsPerKey: 10 }),
      pick: (view) => {
        if (this.level !== null) return fillLevel(view, this.level)
        if (this.picks++ === PICKS_MAX) return null
        const shown = { ...view, memtableBytes: MEMTABLE_BYTES, state }
        look(shown)
        const spec = checked.pick(shown)
        if (spec !== null) state = spec.nextState
        return spec
      },
    }
  }
}

function fillLevel(view: TreeView, level: number): CompactionSpec | null {
  const { runs } = levelAt(view.version, 0)
  if (runs.length === 0) return null
  return {
    kind: 'merge',
    inputs: wholeRuns(0, runs),
    outputs: [outputTo({ level, after: null }, MEMTABLE_BYTES, 10)],
    nextState: null,
    reason: { trigger: 'none', formula: 'a level to fill', values: {} },
  }
}
