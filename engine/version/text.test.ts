import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { levelOf } from './level.ts'
import { runOf } from './run.ts'
import type { TableMeta } from './table-meta.ts'
import { parseVersion, printVersion } from './text.ts'
import { versionOf } from './version.ts'

const table: fc.Arbitrary<Omit<TableMeta, 'id' | 'smallest' | 'largest'>> = fc.record({
  bytes: fc.nat(),
  entries: fc.nat(),
  tombstones: fc.nat(),
  rangeDeletions: fc.nat(),
  rawKeyBytes: fc.nat(),
  rawValueBytes: fc.nat(),
  seqMin: fc.nat(),
  seqMax: fc.nat(),
  createdAtMs: fc.nat(),
  oldestWriteAtMs: fc.nat(),
  oldestTombstoneAtMs: fc.option(fc.nat()),
  filter: fc.constantFrom(
    { kind: 'none' as const, bitsPerKey: 0, bytes: 0 },
    { kind: 'blocked-bloom' as const, bitsPerKey: 10, bytes: 69 },
  ),
  vlogBytes: fc.constantFrom([], [[3, 100] as const, [5, 7] as const]),
})

const keys = fc
  .uniqueArray(fc.uint8Array({ maxLength: 6 }), {
    minLength: 2,
    maxLength: 8,
    comparator: (a, b) => compareBytes(a, b) === 0,
  })
  .map((list) => list.sort(compareBytes))

/** Tables are drawn between neighbouring keys, so that they are disjoint. */
const version = fc
  .array(
    fc.array(fc.tuple(keys, fc.array(table, { minLength: 4, maxLength: 4 })), { maxLength: 3 }),
  )
  .map((levels) => {
    let id = 1
    return versionOf(
      levels.map((runs) =>
        levelOf(
          runs.map(([bounds, facts]) => {
            const tables = facts.slice(0, bounds.length >> 1).map((fact, at) => ({
              ...fact,
              id: id++,
              smallest: bounds[2 * at]!,
              largest: bounds[2 * at + 1]!,
            }))
            return runOf(id++, tables)
          }),
        ),
      ),
    )
  })

describe('the text of a version', () => {
  test('parses back to the printed version', () => {
    fc.assert(
      fc.property(version, (tree) => {
        expect(parseVersion(printVersion(tree))).toEqual(tree)
      }),
    )
  })

  test('accepts text as a person would write it', () => {
    const text = ['L0', '  R7: 12[a,f] bytes=100 seq=3-9; 13[g,0x00ff]', 'L2', '  R3: 4[a,z]'].join(
      '\n',
    )
    expect(printVersion(parseVersion(text))).toBe(text)
  })

  test.each([
    ['R1: 1[a,b]', 'line 1 is neither'],
    ['L0\n  R1: 1[a', 'line 2 holds no table'],
    ['L0\n  R1: 1[a,b] size=3', 'line 2: unknown fact size'],
  ])('%j is refused with its line', (text, message) => {
    expect(() => parseVersion(text)).toThrow(message)
  })
})
