/**
 * Owns the form of a strategy's answers: the answer of every member of the seam is checked once,
 * here, where it enters the engine. A wrong answer is refused in one line that names the strategy,
 * the member and the field (`LSM_UNSAFE_COMPACTION`, rule `form`). `validate-spec.ts` decides
 * whether a well-formed spec is safe.
 *
 * Invariant: a checked answer belongs to the engine. It is copied and frozen, and holds only values
 * that JSON, a result and the manifest can hold. A strategy that changes its answer later changes
 * nothing here. Only the picks of trusted strategies are not copied.
 *
 * The checks are written by hand instead of as a schema, because they run at every pick, and picks
 * take microseconds.
 */

import { compareBytes } from '../base/compare.ts'
import type { LsmError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { printKey } from '../version/text.ts'
import {
  amountIn,
  isRecord,
  joined,
  jsonIn,
  keyIn,
  levelIn,
  listIn,
  numberIn,
  ownedIn,
  positiveIn,
  type Question,
  recordIn,
  refuse,
  textIn,
  wrong,
} from './answer-fields.ts'
import type {
  CompactionSpec,
  FilterPolicy,
  InputSlice,
  LevelScore,
  MergeOutput,
  OutputPlace,
  PickReason,
  SoftCuts,
  StallLimits,
  TableRef,
} from './strategy.ts'
import type { CollectSpec } from './value-log-policy.ts'

/** Smaller tables would consist mostly of their footers … */
const TABLE_BYTES_MIN = 256
/** … unless the memtable is small too. It becomes at most this many tables. */
const TABLES_PER_MEMTABLE_MAX = 1024

/** More bits do not help: at this size false positives are already rarer than 10⁻⁹. */
const BITS_PER_KEY_MAX = 1024

/**
 * Null, or an owned copy of the spec; the spec itself, checked, if the strategy `isTrusted` to
 * change no answer. Throws the errors that the file header describes.
 */
export function checkedPick(
  strategy: string,
  answer: unknown,
  memtableBytes: number,
  isTrusted = false,
): CompactionSpec | null {
  if (answer === null) return null
  const asked = { strategy, member: 'pick', isTrusted }
  const spec = recordIn(asked, '', answer, 'a spec, or null where nothing is due')
  const common = () => ({
    inputs: listIn(asked, 'inputs', spec.inputs, (slice, at) => sliceIn(asked, slice, at)),
    nextState: jsonIn(asked, 'nextState', spec.nextState, 0),
    reason: reasonIn(asked, spec.reason),
  })
  switch (spec.kind) {
    case 'merge': {
      const outputOf = (output: unknown, at: number) => outputIn(asked, output, at, memtableBytes)
      const outputs = listIn(asked, 'outputs', spec.outputs, outputOf)
      return ownedIn(asked, spec, { kind: spec.kind, outputs, ...common() })
    }
    case 'move': {
      const place = placeIn(asked, 'place', spec.place)
      return ownedIn(asked, spec, { kind: spec.kind, place, ...common() })
    }
    case 'drop':
      return ownedIn(asked, spec, { kind: spec.kind, ...common() })
    default:
      throw wrong(asked, 'kind', spec.kind, "'merge', 'move' or 'drop'")
  }
}

/** A frozen copy of `answer`; `LSM_UNSAFE_COMPACTION` with the field where its form is wrong. */
export function checkedScores(strategy: string, answer: unknown): readonly LevelScore[] {
  const asked = { strategy, member: 'score' }
  return listIn(asked, '', answer, (score, at) => {
    const path = `[${at}]`
    const fields = recordIn(asked, path, score, 'a level with its score')
    return Object.freeze({
      level: levelIn(asked, `${path}.level`, fields.level),
      score: amountIn(asked, `${path}.score`, fields.score),
    })
  })
}

export function checkedDebtBytes(strategy: string, answer: unknown): number {
  return amountIn({ strategy, member: 'debtBytes' }, '', answer)
}

/** Infinity means that writers never wait. */
export function checkedStallLimits(strategy: string, answer: unknown): StallLimits {
  const asked = { strategy, member: 'stallLimits' }
  const limits = recordIn(asked, '', answer, 'two limits')
  const limitIn = (field: keyof StallLimits) => {
    const limit = limits[field]
    if (typeof limit === 'number' && limit > 0) return limit
    throw wrong(asked, field, limit, 'a number of runs above 0')
  }
  return Object.freeze({ slowdownRuns: limitIn('slowdownRuns'), stopRuns: limitIn('stopRuns') })
}

export function checkedDueAt(strategy: string, answer: unknown): number | null {
  if (answer === null || Number.isFinite(answer)) return answer as number | null
  const asked = { strategy, member: 'nextDueAt' }
  throw wrong(asked, '', answer, 'a finite time in ms, or null where time makes nothing due')
}

export function checkedFilter(strategy: string, answer: unknown): FilterPolicy {
  return filterIn({ strategy, member: 'flushFilter' }, '', answer)
}

export function checkedState(strategy: string, answer: unknown): Json {
  return jsonIn({ strategy, member: 'initialState' }, '', answer, 0)
}

/** The answer of a value-log policy, the neighbouring seam: null, or the segment to clean. */
export function checkedCollect(policy: string, answer: unknown): CollectSpec | null {
  if (answer === null) return null
  const asked = { strategy: policy, member: 'pick', policy: 'value-log policy' } as const
  const fields = recordIn(asked, '', answer, 'a segment to clean, or null where none is due')
  return Object.freeze({
    segment: numberIn(asked, 'segment', fields.segment),
    reason: reasonIn(asked, fields.reason),
  })
}

/** The answer of a value-log policy: a segment's number, or 0. */
export function checkedRelocateBelow(policy: string, answer: unknown): number {
  const asked = { strategy: policy, member: 'relocateBelow', policy: 'value-log policy' } as const
  return amountIn(asked, '', answer)
}

/**
 * Turns an error that the strategy threw into one that names the strategy. A write to the view is
 * rule `view`.
 */
export function thrownInstead(strategy: string, member: string, cause: unknown): LsmError {
  const told = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  const [line = ''] = told.split('\n')
  const asked = { strategy, member }
  if (!FROZEN.test(line)) return refuse('form', asked, '', `threw ${line}`, cause)
  const hint = 'a view is only to be read, and so is the state in it'
  return refuse('view', asked, '', `threw ${line}; ${hint}`, cause)
}

/** V8's messages for a write to a frozen object. */
const FROZEN = /read only|not extensible|Cannot (delete|redefine|define) property/

function sliceIn(asked: Question, slice: unknown, at: number): InputSlice {
  const path = `inputs[${at}]`
  const { level, run, tables } = recordIn(asked, path, slice, 'a slice of a run')
  return ownedIn(asked, slice, {
    level: numberIn(asked, `${path}.level`, level),
    run: numberIn(asked, `${path}.run`, run),
    tables:
      tables === 'all'
        ? tables
        : listIn(asked, `${path}.tables`, tables, (table, place) => {
            return tableIn(asked, path, table, place)
          }),
  })
}

function tableIn(asked: Question, path: string, table: unknown, at: number): TableRef {
  if (isRecord(table)) {
    const { id, smallest } = table
    if (typeof id === 'number' && smallest instanceof Uint8Array) {
      return ownedIn(asked, table, { id, smallest: keyIn(asked, path, smallest) })
    }
  }
  throw wrong(asked, `${path}.tables[${at}]`, table, 'a table: its id and its smallest key')
}

function outputIn(
  asked: Question,
  output: unknown,
  at: number,
  memtableBytes: number,
): MergeOutput {
  const path = `outputs[${at}]`
  const fields = recordIn(asked, path, output, 'an output')
  const { fromKey, targetTableBytes, cutKeys } = fields
  return ownedIn(asked, output, {
    place: placeIn(asked, `${path}.place`, fields.place),
    fromKey: fromKey === null ? null : keyIn(asked, `${path}.fromKey`, fromKey),
    targetTableBytes:
      targetTableBytes === null
        ? null
        : tableBytesIn(asked, `${path}.targetTableBytes`, targetTableBytes, memtableBytes),
    cutKeys: keysIn(asked, `${path}.cutKeys`, cutKeys),
    softCuts: fields.softCuts == null ? null : softCutsIn(asked, path, fields.softCuts),
    filter: filterIn(asked, `${path}.filter`, fields.filter),
  })
}

function keysIn(asked: Question, path: string, keys: unknown): readonly Uint8Array[] {
  return listIn(asked, path, keys, (key, at) => keyIn(asked, path, key, at))
}

function softCutsIn(asked: Question, outputPath: string, softCuts: unknown): SoftCuts {
  const path = `${outputPath}.softCuts`
  const fields = recordIn(asked, path, softCuts, 'soft cuts, or null for none')
  const keys = keysIn(asked, `${path}.keys`, fields.keys)
  for (let at = 1; at < keys.length; at++) {
    if (compareBytes(keys[at - 1]!, keys[at]!) <= 0) continue
    const [before, key] = [printKey(keys[at - 1]!), printKey(keys[at]!)]
    throw wrong(asked, `${path}.keys[${at}]`, key, `at or after the key before it, ${before}`)
  }
  const bytesPath = `${path}.overlapBytes`
  const overlapBytes = listIn(asked, bytesPath, fields.overlapBytes, (bytes, at) => {
    return amountIn(asked, bytesPath, bytes, at)
  })
  if (overlapBytes.length !== keys.length) {
    const wanted = `an array of ${keys.length}, as many as there are keys`
    throw wrong(asked, bytesPath, overlapBytes, wanted)
  }
  return ownedIn(asked, softCuts, {
    keys,
    overlapBytes,
    endsFrom: endsFromIn(asked, `${path}.endsFrom`, fields.endsFrom),
    overlapBytesMax: limitIn(asked, `${path}.overlapBytesMax`, fields.overlapBytesMax),
    skippedBytesMin: limitIn(asked, `${path}.skippedBytesMin`, fields.skippedBytesMin),
  })
}

function endsFromIn(asked: Question, path: string, given: unknown): readonly number[] {
  const endsFrom = listIn(asked, path, given, (bytes, at) => {
    return positiveIn(asked, path, bytes, at)
  })
  if (endsFrom.length === 0) throw wrong(asked, path, endsFrom, 'an array of at least one size')
  const falling = endsFrom.findIndex((bytes, at) => at > 0 && bytes < endsFrom[at - 1]!)
  if (falling === -1) return endsFrom
  throw wrong(asked, `${path}[${falling}]`, endsFrom[falling], 'at least the size before it')
}

function limitIn(asked: Question, path: string, limit: unknown): number | null {
  return limit === null ? null : positiveIn(asked, path, limit)
}

function placeIn(asked: Question, path: string, place: unknown): OutputPlace {
  const fields = recordIn(asked, path, place, 'a level with a run, or with what it comes after')
  const level = levelIn(asked, `${path}.level`, fields.level)
  if ('run' in fields) {
    return ownedIn(asked, place, { level, run: numberIn(asked, `${path}.run`, fields.run) })
  }
  const { after } = fields
  if (after === null) return ownedIn(asked, place, { level, after })
  return ownedIn(asked, place, { level, after: numberIn(asked, `${path}.after`, after) })
}

function tableBytesIn(asked: Question, path: string, bytes: unknown, memtableBytes: number) {
  const bytesMin = Math.min(TABLE_BYTES_MIN, memtableBytes / TABLES_PER_MEMTABLE_MAX)
  if (typeof bytes === 'number' && bytes > 0 && bytes >= bytesMin && bytes < Infinity) return bytes
  throw wrong(asked, path, bytes, `at least ${bytesMin} raw bytes, or null for one table`)
}

function filterIn(asked: Question, path: string, filter: unknown): FilterPolicy {
  const { bitsPerKey } = recordIn(asked, path, filter, 'a filter policy')
  if (typeof bitsPerKey === 'number' && bitsPerKey >= 0 && bitsPerKey <= BITS_PER_KEY_MAX) {
    return ownedIn(asked, filter, { bitsPerKey })
  }
  const field = joined(path, 'bitsPerKey')
  throw wrong(asked, field, bitsPerKey, `a number from 0 to ${BITS_PER_KEY_MAX}`)
}

function reasonIn(asked: Question, reason: unknown): PickReason {
  const fields = recordIn(asked, 'reason', reason, 'a trigger, its formula and its values')
  const values: Record<string, number | string> = {}
  const given = recordIn(asked, 'reason.values', fields.values, 'values by name')
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string' && !Number.isFinite(value)) {
      throw wrong(asked, `reason.values.${name}`, value, 'a finite number or a text')
    }
    values[name] = value as number | string
  }
  return ownedIn(asked, reason, {
    trigger: textIn(asked, 'reason.trigger', fields.trigger),
    formula: textIn(asked, 'reason.formula', fields.formula),
    values: Object.freeze(values),
  })
}
