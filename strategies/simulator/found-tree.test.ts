import { expect, test } from 'vitest'
import { tablesOf } from '../../engine/version/run.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { entriesPerSpace } from './density.ts'
import { foundTree } from './found-tree.ts'
import { uniformKeys } from './key-model.ts'
import { KEY_SPACE } from './key-space.ts'
import type { StatisticalTable } from './statistical-table.ts'

const TEXT = `
L0
  R3: 9[user10,user80] bytes=400 entries=40 seq=300-339
L1
  R1: 4[user10,user40] bytes=300 entries=30 seq=1-30; 5[user50,user90] bytes=300 entries=30 seq=1-30
`

test('tables take the share of the key space that holds their share of the entries', () => {
  const version = parseVersion(TEXT)
  const model = uniformKeys(100)
  const found = foundTree(version, model, [1])
  expect(found).toMatchObject({ nextNumber: 10, nextRun: 4 })
  const [newest, older] = found.version.levels.map(({ runs }) =>
    Array.from(tablesOf(runs[0]!), (table) => table as StatisticalTable),
  ) as [StatisticalTable[], StatisticalTable[]]
  const [first, second] = older as [StatisticalTable, StatisticalTable]
  expect(first.from).toBe(0)
  expect(first.to).toBeLessThanOrEqual(second.from)
  expect(newest[0]!.to).toBeGreaterThan(second.from)
  expect(newest[0]!.to).toBeLessThan(second.to)
  for (const table of [first, second, newest[0]!]) {
    const share = (table.to - table.from) / KEY_SPACE
    expect(entriesPerSpace(model, table.density) * share).toBeCloseTo(table.entries, 6)
  }
})
