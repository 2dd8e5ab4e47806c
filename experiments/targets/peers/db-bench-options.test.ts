import { expect, test } from 'vitest'
import { parseEngineOptions } from '../../../engine/index.ts'
import { STRATEGIES } from '../../../strategies/index.ts'
import { budgetOf } from './budget.ts'
import { FOLLOWED_STRATEGIES, replayOptions } from './db-bench-options.ts'

const ENTRY = { rawBytes: 100, tableBytes: 110, dataBytes: 105 }

function optionsOf(name: string, given: Readonly<Record<string, unknown>>, entry?: typeof ENTRY) {
  const params = STRATEGIES.get(name)!.parse(given) as Record<string, never>
  const engine = parseEngineOptions({ memtableBytes: 2 ** 20 })
  const budget = { ...budgetOf(engine, params), ...(entry === undefined ? {} : { entry }) }
  const { flags, settings } = replayOptions({
    budget,
    follows: { name, params },
    entryBytes: 100,
    arrivalIntervalNs: null,
  })
  const unequal = settings.filter(({ equal }) => !equal)
  return { flags, settings, unequal: unequal.map((setting) => setting.name) }
}

/** Those that no strategy can have alike. */
const NEVER_EQUAL = [
  'memtableBytes',
  'arena block, bytes',
  'background threads',
  'entries of a scan',
]

test.each([
  ['leveling-partial', { rules: 'rocksdb-7.8' }],
  ['dynamic-leveled', { rules: 'rocksdb-7.8' }],
  ['universal', { size_amp_version: '7.8' }],
])('%s by the rules of 7.8 has every setting alike', (name, given) => {
  expect(optionsOf(name, given).unequal.toSorted()).toEqual(NEVER_EQUAL.toSorted())
})

test.each(FOLLOWED_STRATEGIES)('each parameter of %s is a setting', (name) => {
  const { settings } = optionsOf(name, {})
  const RENAMED: Readonly<Record<string, string>> = {
    T: 'size ratio T',
    baseBytes: 'level 1 target, bytes',
    targetTableBytes: 'tableBytes',
  }
  /** Only for movements and merges that RocksDB does not have. */
  const left = ['densityThreshold', 'ttlMs', 'addPropensity', 'multilevelL0']
  const names = Object.keys(STRATEGIES.get(name)!.params.shape)
  const shown = new Set(settings.map((setting) => setting.name))
  const missing = names.filter((param) => !shown.has(RENAMED[param] ?? param))
  expect(missing.filter((param) => !left.includes(param))).toEqual([])
})

test('options by parameter', () => {
  expect(optionsOf('leveling-partial', { T: 7, pick: 'oldest-max-seq' }).flags).toMatchObject({
    max_bytes_for_level_multiplier: '7',
    max_bytes_for_level_base: String(7 * 2 ** 20),
    target_file_size_base: String(2 ** 20),
    compaction_pri: 1,
    level_compaction_dynamic_level_bytes: 'false',
  })
  expect(optionsOf('dynamic-leveled', { levels: 5 }).flags).toMatchObject({
    level_compaction_dynamic_level_bytes: 'true',
    num_levels: '5',
    compaction_pri: 3,
  })
  const { flags } = optionsOf('universal', { size_ratio: 20, max_merge_width: 9 })
  expect(flags).toMatchObject({
    compaction_style: 1,
    universal_size_ratio: '20',
    universal_max_merge_width: '9',
    universal_min_merge_width: '2',
  })
  expect(optionsOf('universal', {}).flags).not.toHaveProperty('universal_max_merge_width')
})

test('with an entry, limits are as many entries as ours', () => {
  const { flags } = optionsOf('leveling-partial', { T: 10 }, ENTRY)
  expect(flags.target_file_size_base).toBe(String(Math.round(2 ** 20 * 1.05 - 2048)))
  expect(flags.max_bytes_for_level_base).toBe(String(Math.round(10 * 2 ** 20 * 1.1)))
})

test('what db_bench has no option for is not equal', () => {
  const { unequal } = optionsOf('leveling-partial', { pick: 'coldest', softCuts: 'none' })
  expect(unequal).toEqual(expect.arrayContaining(['pick', 'softCuts', 'rules']))
  expect(optionsOf('universal', { size_ratio: 0, max_read_amp: 9 }).unequal).toEqual(
    expect.arrayContaining(['size_ratio', 'max_read_amp', 'size_amp_version']),
  )
})
