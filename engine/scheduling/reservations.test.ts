import { describe, expect, test } from 'vitest'
import type { CompactionSpec, MergeSpec } from '../compaction/strategy.ts'
import { validateSpec } from '../compaction/validate-spec.ts'
import { parseVersion } from '../version/text.ts'
import { pinSpec } from './pinned-spec.ts'
import { type Conflict, conflictOf } from './reservations.ts'
import { drop, merge, move, output, pinned, slice } from './testing/specs.ts'

const TREE = parseVersion(`
L0
  R9: 90[a,c]; 91[g,k]
  R8: 80[e,e]
L1
  R5: 50[a,c]; 51[g,k]; 52[p,r]
  R4: 40[d,f]; 41[s,s]
L2
  R3: 30[h,i]; 31[u,u]
L3
  R2: 20[x,x]
L4
  R1: 10[a,a]; 11[y,y]
`)
const [g, p] = ['g', 'p'].map((key) => new TextEncoder().encode(key)) as [Uint8Array, Uint8Array]
const of = (run: number, ...ids: number[]) => slice(TREE, run, ...ids)
const into3 = output({ level: 2, run: 3 })
const before3 = output({ level: 2, after: null })

/** The rule that keeps the last of the specs from starting beside the others, or null. */
function verdict(...specs: CompactionSpec[]): string | null {
  const retention = { maxAgeMs: 1, maxBytes: null }
  const jobs = specs.map((spec) => {
    const resolved = validateSpec({ version: TREE, inProgress: [], retention, nowMs: 9 }, spec)
    return pinSpec(TREE, resolved)
  })
  const last = jobs.pop()!
  return conflictOf(TREE, last, jobs)?.rule ?? null
}

test('a merge of [a,c][g,k] and one of [d,f] into one run below: the second must wait', () => {
  const tree = parseVersion(`
L1
  R2: 20[a,c]; 21[g,k]
  R3: 30[d,f]
L2
  R4: 40[s,z]
`)
  const place = output({ level: 2, run: 4 })
  const [first, second] = [2, 3].map((run) => pinned(tree, merge([slice(tree, run)], place)))
  expect(conflictOf(tree, first!, [])).toBeNull()
  expect(conflictOf(tree, second!, [first!])).toEqual({
    rule: 'regions',
    message: '[d,f] at positions 1 to 2 meets [a,k] at positions 0 to 2 of a running job',
  })
})

describe('jobs that may run together', () => {
  test.each<[string, CompactionSpec, CompactionSpec]>([
    ['slices of one run into one run', merge([of(5, 50)], into3), merge([of(5, 52)], into3)],
    ['new runs at one place', merge([of(5, 50)], before3), merge([of(5, 52)], before3)],
    [
      'one is above the other',
      merge([of(9)], output({ level: 0, after: null })),
      merge([of(5, 51), of(3, 30)], into3),
    ],
    [
      'one is between the outputs of the other',
      merge([of(5, 50), of(5, 52)], into3, { ...into3, fromKey: g }),
      merge([of(4, 40)], into3),
    ],
    ['a merge above a drop', merge([of(9)], output({ level: 0, after: 9 })), drop(of(3, 30))],
    [
      'a table is left in a held run',
      move({ level: 3, run: 2 }, of(3, 31)),
      merge([of(5, 50)], into3),
    ],
  ])('%s', (_, one, other) => {
    expect(verdict(one, other)).toBeNull()
    expect(verdict(other, one)).toBeNull()
  })
})

describe('jobs that must wait for each other', () => {
  test.each<[string, Conflict['rule'], CompactionSpec, CompactionSpec]>([
    ['shared inputs', 'regions', merge([of(5, 50)], into3), merge([of(5, 50)], before3)],
    [
      'one run, hulls overlap',
      'regions',
      merge([of(5, 50, 51), of(3, 30)], into3),
      merge([of(4, 40)], into3),
    ],
    [
      'one run, the hull of two slices',
      'regions',
      merge([of(5, 50), of(5, 52), of(3, 30)], into3),
      merge([of(4, 40)], into3),
    ],
    [
      'new runs at one place, hulls overlap',
      'regions',
      merge([of(5, 50, 51)], before3),
      merge([of(4, 40)], before3),
    ],
    [
      'one writes into the gap of a slice, between the outputs of the other',
      'regions',
      merge([of(5, 50, 51), of(3, 30)], into3, output({ level: 3, run: 2 }, 'd'), {
        ...into3,
        fromKey: g,
      }),
      move({ level: 1, run: 5 }, of(4, 40)),
    ],
    [
      'one meets the second output of the other',
      'regions',
      merge([of(5, 51, 52)], output({ level: 1, run: 5 }), { ...into3, fromKey: p }),
      merge([of(3)], output({ level: 3, run: 2 })),
    ],
    [
      'one passes the other',
      'regions',
      merge([of(5, 50, 51)], output({ level: 1, run: 5 })),
      move({ level: 1, after: 5 }, of(8)),
    ],
    ['one passes a drop', 'regions', drop(of(3)), move({ level: 3, run: 2 }, of(5, 52))],
    [
      'a table would span the keys of a drop, below it',
      'regions',
      drop(of(3, 30)),
      merge([of(1)], output({ level: 4, run: 1 })),
    ],
    [
      'the last table of a destination',
      'held-runs',
      merge([of(5, 50)], output({ level: 3, run: 2 })),
      move({ level: 2, run: 3 }, of(2)),
    ],
    [
      'the last table of the run before a new one',
      'held-runs',
      merge([of(5, 50)], output({ level: 3, after: 2 })),
      move({ level: 2, run: 3 }, of(2)),
    ],
    [
      'the last tables of the first run of level 0',
      'held-runs',
      merge([of(8)], output({ level: 0, after: null })),
      merge([of(9, 90), of(5, 50), of(9, 91), of(5, 51)], output({ level: 1, run: 5 }), {
        ...output({ level: 1, run: 5 }),
        fromKey: g,
      }),
    ],
  ])('%s', (_, rule, one, other) => {
    expect(verdict(one, other)).toBe(rule)
    expect(verdict(other, one)).toBe(rule)
  })

  test('three, if they take the last tables together', () => {
    const holder = move({ level: 1, run: 4 }, of(5, 52))
    const [one, two] = [40, 41].map((id) => merge([of(4, id)], into3)) as [MergeSpec, MergeSpec]
    for (const pair of [
      [holder, one],
      [holder, two],
      [one, two],
    ] as const) {
      expect(verdict(...pair)).toBeNull()
    }
    expect(verdict(one, two, holder)).toBe('held-runs')
    expect(verdict(holder, one, two)).toBe('held-runs')
  })
})
