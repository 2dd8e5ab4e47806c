import { describe, expect, test } from 'vitest'
import { resolveSpec } from '../compaction/resolved-spec.ts'
import type { CompactionSpec } from '../compaction/strategy.ts'
import { parseVersion } from '../version/text.ts'
import { conflictOf } from './reservations.ts'
import { drop, merge, move, output, pinned, slice } from './testing/specs.ts'

const TREE = parseVersion(`
L0
  R9: 90[a,c]; 91[g,k]
L1
  R5: 50[a,c]; 51[g,k]; 52[p,r]; 53[t,v]
  R4: 40[d,f]; 41[s,s]
L2
  R3: 30[b,c]; 31[h,i]; 32[q,q]; 33[u,u]
L3
  R2: 20[x,x]
`)
const g = new TextEncoder().encode('g')
const of = (run: number, ...ids: number[]) => slice(TREE, run, ...ids)
const into3 = output({ level: 2, run: 3 })
const before3 = output({ level: 2, after: null })

/** The rule that keeps the last of the specs from starting beside the others, or null. */
function verdict(...specs: CompactionSpec[]): string | null {
  const jobs = specs.map((spec) => pinned(TREE, spec))
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
  test.each<[string, ...CompactionSpec[]]>([
    ['slices of one run into one run', merge([of(5, 50)], into3), merge([of(5, 52)], into3)],
    ['runs at one place, disjoint', merge([of(5, 50)], before3), merge([of(5, 52)], before3)],
    [
      'keys overlap, but one is above',
      merge([of(9)], output({ level: 0, after: null })),
      merge([of(5, 50), of(3, 30)], into3),
    ],
    [
      'outputs apart, within one hull',
      merge([of(5, 50, 51)], into3, output({ level: 2, run: 3 }, 'e')),
      merge([of(4, 41)], into3),
    ],
    [
      'a move below a merge',
      merge([of(9), of(5, 50, 51)], output({ level: 1, run: 4 }, null)),
      move({ level: 3, run: 2 }, of(3, 32)),
    ],
    [
      'a drop of the oldest below a merge',
      merge([of(9)], output({ level: 0, after: 9 })),
      drop(of(3, 31)),
    ],
    [
      'what is left of a held run',
      move({ level: 3, run: 2 }, of(3, 33)),
      merge([of(5, 50)], into3),
      move({ level: 3, run: 2 }, of(3, 31, 32)),
    ],
  ])('%s', (_, ...specs) => {
    for (const spec of specs) resolveSpec(TREE, spec)
    expect(verdict(...specs)).toBeNull()
    expect(verdict(...specs.toReversed())).toBeNull()
  })
})

describe('jobs that must wait for each other', () => {
  test.each<[string, 'regions' | 'held-runs', CompactionSpec, CompactionSpec]>([
    ['shared inputs', 'regions', merge([of(5, 50)], into3), merge([of(5, 50, 51)], into3)],
    ['one run, hulls overlap', 'regions', merge([of(5, 50, 51)], into3), merge([of(4, 40)], into3)],
    [
      'new runs at one place, hulls overlap',
      'regions',
      merge([of(5, 50, 51)], before3),
      merge([of(4, 40)], before3),
    ],
    [
      'the lower one writes where the upper one reads',
      'regions',
      merge([of(5, 51), of(3, 31)], into3),
      merge([of(9, 91)], output({ level: 1, run: 5 })),
    ],
    [
      'into the gap of a slice, between two outputs',
      'regions',
      merge([of(5, 50, 51)], into3, output({ level: 3, run: 2 }, 'd'), { ...into3, fromKey: g }),
      move({ level: 1, run: 5 }, of(4, 40)),
    ],
    [
      'past a merge',
      'regions',
      merge([of(4, 40)], into3),
      move({ level: 3, run: 2 }, of(3, 30, 31)),
    ],
    ['below a drop', 'regions', drop(of(3, 31)), move({ level: 3, run: 2 }, of(5, 51))],
    [
      'the last table of a destination',
      'held-runs',
      merge([of(5, 50)], output({ level: 3, run: 2 })),
      move({ level: 2, run: 3 }, of(2)),
    ],
    [
      'the last table of an anchor',
      'held-runs',
      merge([of(5, 50)], output({ level: 3, after: 2 })),
      move({ level: 2, run: 3 }, of(2)),
    ],
  ])('%s', (_, rule, one, other) => {
    expect(verdict(one, other)).toBe(rule)
    expect(verdict(other, one)).toBe(rule)
  })

  test('three, if they take the last tables together', () => {
    const holder = move({ level: 1, run: 4 }, of(9, 90))
    const takers = [40, 41].map((id) => move({ level: 2, run: 3 }, of(4, id)))
    expect(verdict(holder, takers[1]!)).toBeNull()
    expect(verdict(...takers)).toBeNull()
    expect(verdict(takers[0]!, takers[1]!, move({ level: 1, run: 4 }, of(5, 53)))).toBe('held-runs')
  })
})
