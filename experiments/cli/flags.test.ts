/** The table of flags imports nothing, so it repeats names that are defined elsewhere. */
import { expect, test } from 'vitest'
import { PEER_NAMES } from '../../results/peer-schema.ts'
import { ARRIVALS } from '../../results/schema.ts'
import { SUITE_SCALES } from '../../results/suite-schema.ts'
import { WORKLOADS } from '../../workloads/index.ts'
import { IMPORT_FORMATS } from '../../workloads/traces/import/import-trace.ts'
import { CHART_FORMATS } from '../charts/chart-format.ts'
import { PRESET_NAMES } from '../charts/theme.ts'
import { STATS_FORMATS } from '../commands/db/stats.ts'
import { ACROSS } from '../compare/pairing.ts'
import { OUTPUT_FORMATS } from '../trace/trace-output.ts'
import { flagsOf, type VerbName } from './flags.ts'
import { namesFrom } from './names.ts'

test.each<readonly [VerbName, string, readonly string[]]>([
  ['exp', 'target', ['varve', 'simulator', ...PEER_NAMES]],
  ['exp', 'arrival', ARRIVALS],
  ['exp', 'scale', SUITE_SCALES],
  ['compare', 'across', ACROSS],
  ['chart', 'format', CHART_FORMATS],
  ['chart', 'preset', PRESET_NAMES],
  ['gallery', 'preset', PRESET_NAMES],
  ['trace generate', 'format', Object.keys(OUTPUT_FORMATS)],
  ['trace export', 'format', Object.keys(OUTPUT_FORMATS).filter((name) => name !== 'native')],
  ['trace import', 'format', Object.keys(IMPORT_FORMATS)],
  ['db stats', 'format', STATS_FORMATS],
  ['trace stats', 'format', ['native', ...Object.keys(IMPORT_FORMATS)]],
])('%s --%s accepts exactly the existing names', (verb, flag, names) => {
  expect(new Set(flagsOf(verb).get(flag)!.names)).toEqual(new Set(names))
})

test('a default is one of the names', async () => {
  const workloads = (await namesFrom('workloads')).map(([name]) => name)
  expect(workloads).toEqual([...WORKLOADS.keys()])
  for (const verb of ['exp', 'chart', 'tidy', 'trace record'] as const) {
    for (const [flag, { names, default: preset }] of flagsOf(verb)) {
      if (names === null || preset === null) continue
      const known =
        typeof names === 'string' ? (await namesFrom(names)).map(([name]) => name) : names
      expect(known, `${verb} --${flag}`).toContain(preset)
    }
  }
})
