/**
 * Owns reading the fields of an answer: each function checks one value of the kind it names, and
 * returns it, copied and frozen where it is not a plain value. A wrong value throws
 * `LSM_UNSAFE_COMPACTION` (rule `form`) in one line that names the strategy, the member and the
 * field. `strategy-answers.ts` says which fields the answers have.
 */

import { LsmError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { LEVEL_MAX, type SafetyRule } from './resolved-spec.ts'

type Fields = Readonly<Record<string, unknown>>

/** Deeper nesting is a cycle, or not a sensible state of a strategy. */
const STATE_DEPTH_MAX = 100

/** The strategy that answered, and the member that was called. */
export interface Question {
  readonly strategy: string
  readonly member: string
  /** The answer comes from a neighbouring seam: `strategy` names a policy of this kind. */
  readonly policy?: 'value-log policy' | 'scheduling policy'
  /** The strategy is known to change no answer, so this one is checked, but not copied. */
  readonly isTrusted?: boolean
}

/**
 * Parts made by `jsonIn`. They are immutable, so checking a state costs only as much as its new
 * parts.
 */
const ownedJson = new WeakSet<object>()

/** A frozen copy of `value`, which must survive JSON unchanged. */
export function jsonIn(asked: Question, path: string, value: unknown, depth: number): Json {
  if (isScalar(value)) return value
  const isPlain = Array.isArray(value) || isPlainObject(value)
  if (!isPlain) throw wrong(asked, path, value, 'JSON')
  if (ownedJson.has(value)) return value as Json
  if (depth === STATE_DEPTH_MAX) {
    throw wrong(asked, path, value, `JSON nested at most ${STATE_DEPTH_MAX} deep, without cycles`)
  }
  const partIn = (part: unknown, pathOf: () => string) =>
    isScalar(part) ? part : jsonIn(asked, pathOf(), part, depth + 1)
  if (Array.isArray(value)) {
    const list = listIn(asked, path, value, (item, at) => partIn(item, () => `${path}[${at}]`))
    if (!asked.isTrusted) ownedJson.add(list)
    return list
  }
  const fields = Object.entries(value).map(([key, part]) => {
    return [key, partIn(part, () => joined(path, key))] as const
  })
  if (asked.isTrusted) return value as Json
  const copy = Object.freeze(Object.fromEntries(fields))
  ownedJson.add(copy)
  return copy
}

function isScalar(value: unknown): value is null | string | boolean | number {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  return typeof value === 'number' && Number.isFinite(value)
}

function isPlainObject(value: unknown): value is Fields {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

export function levelIn(asked: Question, path: string, level: unknown): number {
  if (Number.isInteger(level) && (level as number) >= 0 && (level as number) <= LEVEL_MAX) {
    return level as number
  }
  throw wrong(asked, path, level, `a level: a whole number from 0 to ${LEVEL_MAX}`)
}

/** `at`: the value is this item of the list at `path`. The text of a path is made only if wrong. */
export function amountIn(asked: Question, path: string, amount: unknown, at?: number): number {
  if (Number.isFinite(amount) && (amount as number) >= 0) return amount as number
  throw wrong(asked, itemPath(path, at), amount, 'a finite number, 0 or more')
}

export function positiveIn(asked: Question, path: string, bytes: unknown, at?: number): number {
  if (Number.isFinite(bytes) && (bytes as number) > 0) return bytes as number
  throw wrong(asked, itemPath(path, at), bytes, 'a finite number above 0')
}

function itemPath(path: string, at: number | undefined): string {
  return at === undefined ? path : `${path}[${at}]`
}

/** A number of a run or level that must exist. If it does not exist, the refusal names it. */
export function numberIn(asked: Question, path: string, value: unknown): number {
  if (typeof value === 'number') return value
  throw wrong(asked, path, value, 'a number')
}

export function textIn(asked: Question, path: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw wrong(asked, path, value, 'a text')
}

export function keyIn(asked: Question, path: string, key: unknown, at?: number): Uint8Array {
  if (key instanceof Uint8Array) return asked.isTrusted ? key : key.slice()
  throw wrong(asked, itemPath(path, at), key, 'a key: a Uint8Array')
}

export function listIn<Item>(
  asked: Question,
  path: string,
  list: unknown,
  itemIn: (item: unknown, at: number) => Item,
): readonly Item[] {
  if (!Array.isArray(list)) throw wrong(asked, path, list, 'an array')
  if (asked.isTrusted) {
    for (let at = 0; at < list.length; at++) itemIn(list[at], at)
    return list
  }
  const copy: Item[] = []
  // Not `map`, which skips the holes of an array. `Array.from` takes several times as long.
  for (let at = 0; at < list.length; at++) copy.push(itemIn(list[at], at))
  return Object.freeze(copy)
}

/** A copy of a record, made from its checked fields; `given` itself if the answer is trusted. */
export function ownedIn<Fields extends object>(asked: Question, given: unknown, copy: Fields) {
  return asked.isTrusted ? (given as Fields) : Object.freeze(copy)
}

export function recordIn(asked: Question, path: string, value: unknown, wanted: string): Fields {
  if (isRecord(value) && typeof value.then !== 'function') return value
  throw wrong(asked, path, value, wanted)
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

export function joined(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}

export function wrong(asked: Question, path: string, value: unknown, wanted: string): LsmError {
  const found = path === '' ? `answers ${shown(value)}` : `answers ${path} = ${shown(value)}`
  return refuse('form', asked, path, `${found}; it must be ${wanted}`)
}

export function refuse(
  rule: SafetyRule,
  { strategy, member, policy }: Question,
  field: string,
  why: string,
  cause?: unknown,
): LsmError {
  const data = { rule, tables: [], strategy, member, field }
  const line = `${policy ?? 'strategy'} ${strategy}: ${member} ${why}`
  return new LsmError('LSM_UNSAFE_COMPACTION', line, { data, cause })
}

const SHOWN_CHARACTERS_MAX = 40

function shown(value: unknown): string {
  if (typeof value === 'string') {
    const isLong = value.length > SHOWN_CHARACTERS_MAX
    return JSON.stringify(isLong ? `${value.slice(0, SHOWN_CHARACTERS_MAX)}…` : value)
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (!isRecord(value)) return String(value)
  if (typeof value.then === 'function') return 'a promise'
  if (Array.isArray(value)) return `an array of ${value.length}`
  const name = Object.getPrototypeOf(value)?.constructor?.name
  return name === undefined || name === 'Object' ? 'an object' : `an object of class ${name}`
}
