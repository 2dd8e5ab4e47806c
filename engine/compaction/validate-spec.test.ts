import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { parseVersion } from '../version/text.ts'
import type { CompactionSpec, InputSlice, MergeOutput, OutputPlace } from './strategy.ts'
import { type Retention, validateSpec } from './validate-spec.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const TREE = parseVersion(`
L0
  R9: 90[a,m]; 91[n,z]
  R8: 80[c,e]
L1
  R5: 50[a,c]; 51[d,f]; 52[p,r]; 53[t,v]
L2
  R3: 30[a,d]; 31[e,k]; 32[s,z]
  R2: 20[b,c]; 21[l,m]
`)

const tables = new Map(
  TREE.levels.flatMap(({ runs }) =>
    runs.flatMap((run) =>
      run.chunks.flatMap((chunk) => chunk.tables.map((t) => [t.id, t] as const)),
    ),
  ),
)

function slice(level: number, run: number, ...ids: number[]): InputSlice {
  const refs = ids.map((id) => tables.get(id) ?? { id, smallest: bytes('q') })
  return { level, run, tables: ids.length === 0 ? 'all' : refs }
}

function output(place: OutputPlace, fromKey: string | null = null): MergeOutput {
  return {
    place,
    fromKey: fromKey === null ? null : bytes(fromKey),
    targetTableBytes: null,
    cutKeys: [],
    filter: { bitsPerKey: 10 },
  }
}

const common = { nextState: null, reason: { trigger: 'test', formula: '', values: {} } }

function merge(inputs: readonly InputSlice[], ...outputs: MergeOutput[]): CompactionSpec {
  return { kind: 'merge', inputs, outputs, ...common }
}

function move(place: OutputPlace, ...inputs: InputSlice[]): CompactionSpec {
  return { kind: 'move', inputs, place, ...common }
}

function drop(...inputs: InputSlice[]): CompactionSpec {
  return { kind: 'drop', inputs, ...common }
}

/** The rule that a spec breaks and the tables the error names; 'safe' if it breaks none. */
function verdict(
  spec: CompactionSpec,
  inProgress: readonly CompactionSpec[] = [],
  retention: Retention | null = null,
): string {
  try {
    validateSpec({ version: TREE, inProgress, retention, nowMs: 100 }, spec)
    return 'safe'
  } catch (error) {
    if (!isLsmError(error, 'LSM_UNSAFE_COMPACTION')) throw error
    return `${error.data.rule} ${(error.data.tables as number[]).join(' ')}`.trim()
  }
}

const newest = (level: number) => ({ level, after: null })

describe('specs that keep the invariant are accepted', () => {
  test.each<[string, CompactionSpec]>([
    [
      'level 0 into level 1, with all overlapping tables',
      merge([slice(0, 9), slice(0, 8), slice(1, 5)], output(newest(1))),
    ],
    [
      'one level-0 run past nothing that overlaps',
      merge([slice(0, 8)], output({ level: 0, after: 8 })),
    ],
    [
      'a slice and the tables it overlaps into the existing run',
      merge([slice(1, 5, 51), slice(2, 3, 30, 31)], output({ level: 2, run: 3 })),
    ],
    [
      'a whole level as a new run between others',
      merge([slice(1, 5)], output({ level: 2, after: null })),
    ],
    ['a table moved into a gap of the next level', move({ level: 2, run: 3 }, slice(1, 5, 52))],
    ['a run moved down as it is', move(newest(2), slice(1, 5))],
    [
      'two outputs separated by key',
      merge(
        [slice(1, 5, 51), slice(2, 3, 30, 31)],
        output({ level: 2, run: 3 }),
        output({ level: 2, run: 3 }, 'e'),
      ),
    ],
    [
      'a table moved up past tables that do not overlap it',
      move({ level: 1, run: 5 }, slice(2, 2, 21)),
    ],
  ])('%s', (_, spec) => {
    expect(verdict(spec)).toBe('safe')
  })
})

describe('specs that would lose or hide data are refused, and the rule is named', () => {
  test.each<[string, CompactionSpec, string]>([
    ['no inputs', merge([], output(newest(1))), 'inputs-exist'],
    ['a run that does not exist', merge([slice(1, 77)], output(newest(1))), 'inputs-exist'],
    ['a table of another run', merge([slice(1, 5, 30)], output(newest(1))), 'inputs-exist 30'],
    [
      'a table named with a key at which it does not start',
      merge(
        [{ level: 1, run: 5, tables: [tables.get(50)!, { id: 51, smallest: bytes('a') }] }],
        output(newest(1)),
      ),
      'inputs-exist 51',
    ],
    [
      'a table named twice',
      merge([slice(1, 5, 50), slice(1, 5, 50)], output(newest(2))),
      'inputs-exist 50',
    ],
    [
      'a slice with a gap',
      merge([slice(1, 5, 50, 52)], output(newest(2))),
      'inputs-contiguous 50 52',
    ],
    [
      'a slice out of order',
      merge([slice(1, 5, 51, 50)], output(newest(2))),
      'inputs-contiguous 51 50',
    ],
    [
      'an output after a run of another level',
      merge([slice(1, 5)], output({ level: 2, after: 5 })),
      'place-exists',
    ],
    [
      'the newer level-0 run moved below the older',
      merge([slice(0, 9)], output({ level: 0, after: 8 })),
      'recency 90 80',
    ],
    ['the older run moved above the newer', move(newest(0), slice(0, 8)), 'recency 80 90'],
    ['level 0 over level 1', merge([slice(0, 9), slice(0, 8)], output(newest(2))), 'recency 90 50'],
    [
      'a table left between',
      merge([slice(0, 8), slice(1, 5, 50)], output({ level: 1, after: 5 })),
      'recency 80 51',
    ],
    [
      'an overlap left in the destination',
      merge([slice(1, 5, 51), slice(2, 3, 30)], output({ level: 2, run: 3 })),
      'destination-disjoint 31',
    ],
    [
      'a gap between inputs that holds another table',
      merge([slice(1, 5, 52), slice(1, 5, 50), slice(2, 3, 30)], output({ level: 2, run: 3 })),
      'destination-disjoint 31',
    ],
    [
      'such a gap between ascending inputs',
      merge([slice(2, 3, 30), slice(1, 5, 50), slice(1, 5, 52)], output({ level: 2, run: 3 })),
      'destination-disjoint 31',
    ],
    [
      'a move onto an overlapping table',
      move({ level: 2, run: 3 }, slice(1, 5, 51)),
      'destination-disjoint 51 30 31',
    ],
    [
      'moved tables that overlap each other',
      move(newest(1), slice(1, 5, 50), slice(0, 8)),
      'destination-disjoint 50 80',
    ],
    ['a move to its own place', move({ level: 1, run: 5 }, slice(1, 5, 50)), 'progress 50'],
    [
      'outputs out of order',
      merge([slice(1, 5)], output(newest(2)), output(newest(2), 'p'), output(newest(2), 'c')),
      'outputs-ordered',
    ],
    [
      'a first output that starts late',
      merge([slice(1, 5)], output(newest(2), 'c')),
      'outputs-ordered',
    ],
    ["a drop without the owner's agreement", drop(slice(2, 2)), 'drop-retention 20'],
  ])('%s', (_, spec, expected) => {
    expect(verdict(spec)).toBe(expected)
  })

  test('an input of a running job', () => {
    const running = merge([slice(1, 5, 50)], output(newest(2)))
    expect(verdict(merge([slice(1, 5, 50, 51)], output(newest(2))), [running])).toBe(
      'inputs-free 50',
    )
  })
})

describe('drops', () => {
  const agreed = { maxAgeMs: 50, maxBytes: null }

  test('pass if the owner agreed and no older version becomes visible', () => {
    expect(verdict(drop(slice(2, 2)), [], agreed)).toBe('safe')
    expect(verdict(drop(slice(2, 3), slice(2, 2)), [], agreed)).toBe('safe')
  })

  test('are refused if older versions would become visible', () => {
    expect(verdict(drop(slice(2, 3)), [], agreed)).toBe('drop-oldest 30 20')
  })

  test('by size drop tables only down to the limit', () => {
    const total = TREE.totals.bytes
    expect(verdict(drop(slice(2, 2)), [], { maxAgeMs: null, maxBytes: total - 2 })).toBe('safe')
    expect(verdict(drop(slice(2, 2)), [], { maxAgeMs: null, maxBytes: total - 1 })).toBe(
      'drop-retention 21',
    )
  })
})
