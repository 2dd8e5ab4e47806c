import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import {
  checkedCollect,
  checkedDebtBytes,
  checkedDueAt,
  checkedFilter,
  checkedPick,
  checkedRelocateBelow,
  checkedScores,
  checkedStallLimits,
  checkedState,
  thrownInstead,
} from './strategy-answers.ts'

const MEMTABLE_BYTES = 1 << 20
const key = (text: string) => new TextEncoder().encode(text)

const OUTPUT = {
  place: { level: 1, after: null },
  fromKey: null,
  targetTableBytes: 1 << 20,
  cutKeys: [key('c')],
  softCuts: {
    keys: [key('b'), key('c'), key('c')],
    overlapBytes: [900, 0, 800],
    endsFrom: [550, 600],
    overlapBytesMax: 25_000,
    skippedBytesMin: 125,
  },
  filter: { bitsPerKey: 10 },
}

const MERGE = {
  kind: 'merge',
  inputs: [
    { level: 0, run: 4, tables: 'all' },
    { level: 1, run: 2, tables: [{ id: 7, smallest: key('b') }] },
  ],
  outputs: [OUTPUT],
  nextState: { cursors: [1, 'two', null], open: true },
  reason: { trigger: 'sorted runs', formula: 'runs ≥ T', values: { runs: 4, T: 'four' } },
}
const MOVE = { ...MERGE, kind: 'move', outputs: undefined, place: { level: 2, run: 3 } }

const pick = (answer: unknown) => checkedPick('mine', answer, MEMTABLE_BYTES)

/** The part of the refusal after the name of the strategy. */
function refusal(ask: () => unknown): string {
  try {
    ask()
    return 'sound'
  } catch (error) {
    if (!isLsmError(error, 'LSM_UNSAFE_COMPACTION')) throw error
    expect(error.data).toMatchObject({ rule: 'form', strategy: 'mine' })
    const [, told] = /^(?:strategy|value-log policy) mine: ([^\n]*)$/.exec(error.message)!
    return told!
  }
}

const withOutput = (fields: object) => ({ ...MERGE, outputs: [{ ...OUTPUT, ...fields }] })
const withSoftCuts = (fields: object) => withOutput({ softCuts: { ...OUTPUT.softCuts, ...fields } })
const withValues = (values: object) => ({ ...MERGE, reason: { ...MERGE.reason, values } })

describe('a pick', () => {
  test('of valid form comes out equal, and shares no object with the input', () => {
    const spec = pick(MERGE)!
    expect(spec).toEqual(MERGE)
    const parts = (value: unknown): object[] => {
      if (typeof value !== 'object' || value === null) return []
      return [value, ...(ArrayBuffer.isView(value) ? [] : Object.values(value).flatMap(parts))]
    }
    const given = new Set(parts(MERGE))
    for (const part of parts(spec)) {
      expect(given.has(part)).toBe(false)
      if (!ArrayBuffer.isView(part)) expect(Object.isFrozen(part)).toBe(true)
    }
    expect(pick(withSoftCuts({ overlapBytesMax: null, skippedBytesMin: null }))).not.toBeNull()
    expect(pick(withOutput({ softCuts: undefined }))).toEqual(withOutput({ softCuts: null }))
    expect(pick(null)).toBeNull()
    expect(pick({ ...MOVE, kind: 'drop' })).toMatchObject({ kind: 'drop' })
    expect(pick(MOVE)).toMatchObject({ place: { level: 2, run: 3 } })
  })

  test.each<[unknown, RegExp]>([
    [Promise.resolve(null), /^pick answers a promise; it must be a spec, or null where nothing/],
    [undefined, /^pick answers undefined; /],
    [7, /^pick answers 7; /],
    ['merge', /^pick answers "merge"; /],
    [[MERGE], /^pick answers kind = undefined; /],
    [{ ...MERGE, kind: 'split' }, /^pick answers kind = "split"; it must be 'merge', 'move' or/],
    [{ ...MERGE, inputs: null }, /^pick answers inputs = null; it must be an array/],
    [{ ...MERGE, inputs: [undefined] }, /^pick answers inputs\[0\] = undefined; /],
    [{ ...MERGE, inputs: [{ level: '0', run: 1, tables: 'all' }] }, /inputs\[0\]\.level = "0"; /],
    [{ ...MERGE, inputs: [{ level: 0, run: null, tables: 'all' }] }, /inputs\[0\]\.run = null; /],
    [{ ...MERGE, inputs: [{ level: 0, run: 1, tables: 'some' }] }, /inputs\[0\]\.tables = "some"/],
    [{ ...MERGE, inputs: [{ level: 0, run: 1, tables: [7] }] }, /inputs\[0\]\.tables\[0\] = 7; /],
    [
      { ...MERGE, inputs: [{ level: 0, run: 1, tables: [{ id: 7, smallest: 'b' }] }] },
      /inputs\[0\]\.tables\[0\] = an object; it must be a table: its id and its smallest key/,
    ],
    [{ ...MERGE, outputs: undefined }, /outputs = undefined; /],
    [withOutput({ place: null }), /outputs\[0\]\.place = null; /],
    [withOutput({ place: { level: 1_000_000, after: null } }), /place\.level = 1000000; .* to 62/],
    [withOutput({ place: { level: -1, after: null } }), /place\.level = -1; /],
    [withOutput({ place: { level: 0.5, after: null } }), /place\.level = 0\.5; /],
    [withOutput({ place: { level: '1', after: null } }), /place\.level = "1"; /],
    [withOutput({ place: { level: 1 } }), /place\.after = undefined; /],
    [withOutput({ place: { level: 1, run: undefined } }), /place\.run = undefined; /],
    [withOutput({ fromKey: undefined }), /outputs\[0\]\.fromKey = undefined; /],
    [withOutput({ cutKeys: ['c'] }), /outputs\[0\]\.cutKeys\[0\] = "c"; /],
    [withOutput({ softCuts: 'none' }), /outputs\[0\]\.softCuts = "none"; .* or null for none/],
    [withSoftCuts({ keys: 'b' }), /softCuts\.keys = "b"; /],
    [withSoftCuts({ keys: ['b'] }), /softCuts\.keys\[0\] = "b"; /],
    [
      withSoftCuts({ keys: [key('b'), key('d'), key('c')] }),
      /softCuts\.keys\[2\] = "c"; it must be at or after the key before it, d/,
    ],
    [withSoftCuts({ overlapBytes: [900, 0] }), /softCuts\.overlapBytes = an array of 2; .* of 3, /],
    [withSoftCuts({ overlapBytes: [900, -1, 0] }), /softCuts\.overlapBytes\[1\] = -1; /],
    [withSoftCuts({ overlapBytes: undefined }), /softCuts\.overlapBytes = undefined; /],
    [withSoftCuts({ endsFrom: [] }), /softCuts\.endsFrom = an array of 0; .* at least one size/],
    [withSoftCuts({ endsFrom: [0] }), /softCuts\.endsFrom\[0\] = 0; .* above 0/],
    [withSoftCuts({ endsFrom: [600, 550] }), /softCuts\.endsFrom\[1\] = 550; .* size before it/],
    [withSoftCuts({ overlapBytesMax: undefined }), /softCuts\.overlapBytesMax = undefined; /],
    [withSoftCuts({ overlapBytesMax: 1 / 0 }), /softCuts\.overlapBytesMax = Infinity; /],
    [withSoftCuts({ skippedBytesMin: -1 }), /softCuts\.skippedBytesMin = -1; /],
    [withOutput({ targetTableBytes: 1 }), /targetTableBytes = 1; it must be at least 256 raw byte/],
    [withOutput({ targetTableBytes: Number.NaN }), /targetTableBytes = NaN; /],
    [withOutput({ targetTableBytes: 1 / 0 }), /targetTableBytes = Infinity; /],
    [withOutput({ targetTableBytes: '1MiB' }), /targetTableBytes = "1MiB"; /],
    [withOutput({ targetTableBytes: undefined }), /targetTableBytes = undefined; /],
    [withOutput({ filter: 10 }), /outputs\[0\]\.filter = 10; /],
    [withOutput({ filter: { bitsPerKey: Number.NaN } }), /filter\.bitsPerKey = NaN; /],
    [withOutput({ filter: { bitsPerKey: -1 } }), /filter\.bitsPerKey = -1; /],
    [withOutput({ filter: { bitsPerKey: 1e9 } }), /filter\.bitsPerKey = 1000000000; /],
    [{ ...MOVE, place: undefined }, /^pick answers place = undefined; /],
    [{ ...MERGE, reason: undefined }, /^pick answers reason = undefined; /],
    [{ ...MERGE, reason: 'runs ≥ 4' }, /^pick answers reason = "runs ≥ 4"; /],
    [{ ...MERGE, reason: { ...MERGE.reason, trigger: 4 } }, /reason\.trigger = 4; /],
    [{ ...MERGE, reason: { ...MERGE.reason, formula: undefined } }, /reason\.formula = undefined/],
    [{ ...MERGE, reason: { ...MERGE.reason, values: null } }, /reason\.values = null; /],
    [withValues({ runs: Number.NaN }), /reason\.values\.runs = NaN; /],
    [withValues({ runs: null }), /reason\.values\.runs = null; /],
    [withValues({ runs: 4n }), /reason\.values\.runs = 4n; /],
    [{ ...MERGE, nextState: undefined }, /^pick answers nextState = undefined; it must be JSON/],
    [{ ...MERGE, nextState: () => 1 }, /nextState = a function; /],
    [{ ...MERGE, nextState: 1n }, /nextState = 1n; /],
    [{ ...MERGE, nextState: { cursors: [0, Number.NaN] } }, /nextState\.cursors\[1\] = NaN; /],
    [{ ...MERGE, nextState: { seen: new Map() } }, /nextState\.seen = an object of class Map; /],
    [{ ...MERGE, nextState: { at: new Date(0) } }, /nextState\.at = an object of class Date; /],
    [{ ...MERGE, nextState: { key: key('a') } }, /nextState\.key = an object of class Uint8Array/],
    [{ ...MERGE, nextState: { gone: undefined } }, /nextState\.gone = undefined; /],
    [{ ...MERGE, nextState: new Array(1) }, /nextState\[0\] = undefined; /],
  ])('%# that is wrong is refused, and the message names the field', (answer, expected) => {
    expect(refusal(() => pick(answer))).toMatch(expected)
  })

  test('with a state that contains itself is refused', () => {
    const state: Record<string, unknown> = {}
    state.self = state
    expect(refusal(() => pick({ ...MERGE, nextState: state }))).toMatch(/without cycles/)
  })

  test('shares the parts of a state that were checked earlier', () => {
    const state = pick(MERGE)!.nextState as { cursors: unknown }
    const next = pick({ ...MERGE, nextState: { ...state, open: false } })!.nextState
    expect(next).toEqual({ cursors: [1, 'two', null], open: false })
    expect((next as typeof state).cursors).toBe(state.cursors)
  })

  test('with small tables is valid if the memtable is small as well', () => {
    expect(checkedPick('mine', withOutput({ targetTableBytes: 4 }), 4096)).not.toBeNull()
  })
})

test.each<[string, () => unknown, RegExp]>([
  ['a score', () => checkedScores('mine', [{ level: 0, score: Number.NaN }]), /\[0\]\.score = NaN/],
  ['a score', () => checkedScores('mine', [{ level: 0, score: -1 }]), /\[0\]\.score = -1/],
  ['a score', () => checkedScores('mine', [{ level: 63, score: 1 }]), /\[0\]\.level = 63/],
  ['a score', () => checkedScores('mine', [1]), /^score answers \[0\] = 1; /],
  ['a score', () => checkedScores('mine', 1), /^score answers 1; it must be an array/],
  ['a debt', () => checkedDebtBytes('mine', Number.NaN), /^debtBytes answers NaN; /],
  ['a debt', () => checkedDebtBytes('mine', -1), /^debtBytes answers -1; /],
  ['a debt', () => checkedDebtBytes('mine', '1'), /^debtBytes answers "1"; /],
  ['a debt', () => checkedDebtBytes('mine', Promise.resolve(1)), /^debtBytes answers a promise; /],
  ['limits', () => checkedStallLimits('mine', { slowdownRuns: 8 }), /stopRuns = undefined; /],
  [
    'limits',
    () => checkedStallLimits('mine', { slowdownRuns: 0, stopRuns: 9 }),
    /slowdownRuns = 0; /,
  ],
  ['limits', () => checkedStallLimits('mine', 8), /^stallLimits answers 8; /],
  ['a due time', () => checkedDueAt('mine', 1 / 0), /^nextDueAt answers Infinity; /],
  ['a due time', () => checkedDueAt('mine', undefined), /^nextDueAt answers undefined; /],
  ['a filter', () => checkedFilter('mine', {}), /^flushFilter answers bitsPerKey = undefined; /],
  ['a segment', () => checkedCollect('mine', { segment: '1' }), /^pick answers segment = "1"; /],
  ['a segment', () => checkedCollect('mine', { segment: 1 }), /^pick answers reason = undefined; /],
  ['a segment', () => checkedCollect('mine', undefined), /^pick answers undefined; /],
  ['a bound', () => checkedRelocateBelow('mine', Number.NaN), /^relocateBelow answers NaN; /],
  ['a state', () => checkedState('mine', undefined), /^initialState answers undefined; /],
])('%s that is wrong is refused, and the message names the member', (_, ask, expected) => {
  expect(refusal(ask)).toMatch(expected)
})

test('valid answers come out unchanged', () => {
  expect(checkedScores('mine', [{ level: 3, score: 1.5 }])).toEqual([{ level: 3, score: 1.5 }])
  expect(checkedDebtBytes('mine', 0)).toBe(0)
  const unlimited = { slowdownRuns: 8, stopRuns: Number.POSITIVE_INFINITY }
  expect(checkedStallLimits('mine', unlimited)).toEqual(unlimited)
  expect(checkedDueAt('mine', null)).toBeNull()
  expect(checkedDueAt('mine', 17.5)).toBe(17.5)
})

test('a thrown error becomes one line, with a hint if the strategy wrote to its view', () => {
  const error = thrownInstead('mine', 'pick', new TypeError("Cannot read 'x'\nof undefined"))
  expect(error.message).toBe("strategy mine: pick threw TypeError: Cannot read 'x'")
  const write = () => {
    ;(Object.freeze({ id: 1 }) as { id: number }).id = 2
  }
  expect(write).toThrow(TypeError)
  try {
    write()
  } catch (cause) {
    expect(thrownInstead('mine', 'pick', cause).message).toMatch(/'id'.*a view is only to be read/)
  }
})
