import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { setParanoid } from '../engine/base/assert.ts'
import type { Json } from '../engine/base/json.ts'
import { schedules } from '../engine/testing/interleavings.ts'
import { runScript, type Setup, scripts } from '../engine/testing/oracles/model.ts'
import { STRATEGIES } from './catalog.ts'
import { PRESET_NAMES } from './composed/presets.ts'
import { MOVEMENT_NAMES } from './primitives/movement.ts'
import { SOFT_CUT_RULES } from './primitives/shared-parameters.ts'
import { smallestRatio } from './testing/smallest-ratio.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const engines = [
  { memtableBytes: 4096, blockBytes: 512, blockCacheBytes: 16 * 1024 },
  { memtableBytes: 8192, blockBytes: 64, compression: 'none' as const, blockRestartInterval: 1 },
  { memtableBytes: 4096, blockBytes: 4096, compression: 'zstd' as const, blockCacheBytes: 0 },
]

/** Cases that defaults miss: other tables move, deadlines pass during a script, levels differ. */
const further: Readonly<Record<string, readonly Readonly<Record<string, Json>>[]>> = {
  'leveling-partial': [
    ...MOVEMENT_NAMES.map((pick) => ({ pick, T: 3, ttlMs: 100 })),
    ...SOFT_CUT_RULES.map((softCuts) => ({ softCuts, T: 2, targetTableBytes: 1024 })),
  ],
  leveling: [{ sizing: 'dynamic' }],
  'lazy-leveling': [{ sizing: 'dynamic' }],
  'k-lsm': [{ T: [4, 3, 2], K: [3, 2, 1] }],
  'dynamic-leveled': [{ T: 2, levels: 4 }],
  'delete-aware': [{ deleteTtlMs: 100 }, { deleteTtlMs: 20, mode: 'sd', T: 2 }],
  composed: [
    ...PRESET_NAMES.map((preset) => ({ preset, deleteTtlMs: 100, densityThreshold: 0.2 })),
    { trigger: ['staleness', 'saturation'], staleMs: 50 },
  ],
}

/** Every registered strategy: its defaults, the smallest size ratio, and the further parameters. */
const setups: readonly Setup[] = [...STRATEGIES.values()].flatMap((module) =>
  [{}, smallestRatio(module), ...(further[module.name] ?? [])].flatMap((params) =>
    engines.map((options, index) => ({
      name: `${module.name} ${JSON.stringify(params)} on engine ${index}`,
      create: () => module.create(params),
      options,
    })),
  ),
)

const STEPS = 1_000
const RUNS = 120

describe('every strategy on the engine, against a sorted map', () => {
  test(`answers alike over ${STEPS * RUNS} steps, reopened under one another`, () => {
    fc.assert(
      fc.property(fc.nat(1000), scripts(STEPS), schedules, (start, script, schedule) =>
        runScript([['reopen', start], ...script], setups, schedule),
      ),
      { numRuns: RUNS, endOnFailure: false },
    )
  })
})
