import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { ArrayCursor, type Entry, entryOf } from '../testing/oracles/array-cursor.ts'
import { parseVersion } from '../version/text.ts'
import { writeSurvivors } from './merge-rules.ts'
import { OlderOverlap } from './older-overlap.ts'

const NOW = 1_000

const history = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), { maxLength: 30 })
  .map((writes) =>
    writes.map(([name, deletes], at): Entry => {
      const kind = deletes ? ENTRY_KIND.deletion : ENTRY_KIND.value
      const key = new TextEncoder().encode(name)
      return { key, seq: at + 1, kind, value: deletes ? new Uint8Array() : Uint8Array.of(at) }
    }),
  )
const snapshots = fc.uniqueArray(fc.nat(30), { maxLength: 4 }).map((l) => l.sort((a, b) => a - b))

function survivors(entries: readonly Entry[], live: readonly number[], older: string): Entry[] {
  const kept: Entry[] = []
  const started: string[] = []
  const text = (bytes: Uint8Array, from: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(from, from + length))
  const source = new ArrayCursor(entries)
  writeSurvivors(source, live, {
    startKey: (...key) => void started.push(text(...key)),
    add: () => void kept.push(entryOf(source)!),
    olderMayHold: (...key) => older.includes(text(...key)),
  })
  const keys = [...new Set(kept.map((entry) => new TextDecoder().decode(entry.key)))]
  expect(started, 'each surviving key is announced once').toEqual(keys)
  return kept
}

/**
 * The entry that a reader at `seq` sees for `key`; 'nothing' means no version, as opposed to a
 * deletion.
 */
function seen(entries: readonly Entry[], key: string, seq: number): Entry | 'nothing' {
  return (
    entries
      .filter((e) => new TextDecoder().decode(e.key) === key && e.seq <= seq)
      .sort((a, b) => b.seq - a.seq)[0] ?? 'nothing'
  )
}

const isGone = (e: Entry | 'nothing') => e === 'nothing' || e.kind === ENTRY_KIND.deletion

describe('what survives a merge', () => {
  test('looks the same to every live snapshot and to new readers, and nothing else is kept', () => {
    fc.assert(
      fc.property(history, snapshots, fc.constantFrom('', 'ac', 'abcd'), (entries, live, older) => {
        const kept = survivors(entries, live, older)
        const moments = [...live, NOW]
        for (const key of ['a', 'b', 'c', 'd']) {
          for (const seq of moments) {
            const before = seen(entries, key, seq)
            const after = seen(kept, key, seq)
            if (older.includes(key) || !isGone(before)) expect(after).toEqual(before)
            else expect(isGone(after)).toBe(true)
          }
        }
        const visible = kept.map(({ key, seq }) => {
          const name = new TextDecoder().decode(key)
          return moments.some((at) => (seen(entries, name, at) as Entry).seq === seq)
        })
        expect(visible.every(Boolean), 'every kept entry is visible to somebody').toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('includes a tombstone only if it still hides an entry or is newer than a snapshot', () => {
    const tombstone = (seq: number): Entry => ({
      key: Uint8Array.of(97),
      seq,
      kind: ENTRY_KIND.deletion,
      value: new Uint8Array(),
    })
    expect(survivors([tombstone(5)], [], '')).toEqual([])
    expect(survivors([tombstone(5)], [], 'a')).toHaveLength(1)
    expect(survivors([tombstone(5)], [4], '')).toHaveLength(1)
    expect(survivors([tombstone(5)], [5], '')).toEqual([])
  })
})

describe('tables older than an output', () => {
  const tree = parseVersion(`
    L0
      R9: 1[a,m]
    L1
      R5: 2[c,e]; 3[k,l]
    L2
      R3: 4[p,q]`)
  const key = (text: string) => new TextEncoder().encode(text)

  test('cover a key if it is in their range, their run is older, and they are not inputs', () => {
    const older = new OlderOverlap(tree, 0, new Set([3]))
    const covered = ['a', 'c', 'd', 'f', 'k', 'p', 'z'].filter((k) => older.covers(key(k), 0, 1))
    expect(covered).toEqual(['c', 'd', 'p'])
  })

  test('are all runs for a flush, and none for an output below the last run', () => {
    expect(new OlderOverlap(tree, -1, new Set()).covers(key('b'), 0, 1)).toBe(true)
    expect(new OlderOverlap(tree, 2, new Set()).covers(key('p'), 0, 1)).toBe(false)
    expect(new OlderOverlap(tree, 1.5, new Set()).covers(key('p'), 0, 1)).toBe(true)
  })
})
