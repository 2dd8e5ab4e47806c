/**
 * Owns the text form of a version. Tests of trees and strategies are written in it, and error
 * messages show trees in it. `parseVersion(printVersion(v))` equals v.
 *
 *   L0
 *     R7: 12[a,f] bytes=100 seq=3-9; 13[g,k]
 *   L1
 *     R3: 4[a,z] entries=8
 *
 * One run per line, newest first. A table is its id, its key range ([a,f) if it is open), and the
 * facts that differ from the defaults below. A key of letters, digits and `_.-` is printed as it
 * is; any other key is printed as 0x… hex.
 */

import { invalidArgument } from '../base/errors.ts'
import { levelOf } from './level.ts'
import { type Run, runOf, tablesOf } from './run.ts'
import { NO_FILTER, type TableMeta } from './table-meta.ts'
import { checkVersion, type Version, versionOf } from './version.ts'

/** Values that a table has if its text does not give them. */
const DEFAULTS: Omit<TableMeta, 'id' | 'smallest' | 'largest'> = {
  bytes: 1,
  entries: 1,
  tombstones: 0,
  rangeDeletions: 0,
  rawKeyBytes: 0,
  rawValueBytes: 1,
  seqMin: 0,
  seqMax: 0,
  createdAtMs: 0,
  oldestWriteAtMs: 0,
  oldestTombstoneAtMs: null,
  filter: NO_FILTER,
  vlogBytes: [],
}

const NUMBER_FIELDS = [
  ['bytes', 'bytes'],
  ['entries', 'entries'],
  ['tombstones', 'tombstones'],
  ['ranges', 'rangeDeletions'],
  ['keys', 'rawKeyBytes'],
  ['values', 'rawValueBytes'],
  ['created', 'createdAtMs'],
  ['written', 'oldestWriteAtMs'],
] as const

/** The text of a version, one run a line, newest first. */
export function printVersion(version: Version): string {
  checkVersion(version)
  const lines: string[] = []
  version.levels.forEach((level, index) => {
    if (level.runs.length === 0) return
    lines.push(`L${index}`)
    for (const run of level.runs) lines.push(`  ${printRun(run)}`)
  })
  return lines.join('\n')
}

function printRun(run: Run): string {
  return `R${run.id}: ${[...tablesOf(run)].map(printTable).join('; ')}`
}

export function printTable(table: TableMeta): string {
  const facts = NUMBER_FIELDS.filter(([, field]) => table[field] !== DEFAULTS[field]).map(
    ([name, field]) => ` ${name}=${table[field]}`,
  )
  if (table.seqMin !== 0 || table.seqMax !== 0) facts.push(` seq=${table.seqMin}-${table.seqMax}`)
  if (table.oldestTombstoneAtMs !== null) facts.push(` deleted=${table.oldestTombstoneAtMs}`)
  if (table.filter.kind !== 'none') {
    facts.push(` filter=${table.filter.bitsPerKey}:${table.filter.bytes}`)
  }
  if (table.vlogBytes.length > 0) {
    facts.push(
      ` vlog=${table.vlogBytes.map(([segment, bytes]) => `${segment}:${bytes}`).join(',')}`,
    )
  }
  const end = table.isOpen === true ? ')' : ']'
  return `${table.id}[${printKey(table.smallest)},${printKey(table.largest)}${end}${facts.join('')}`
}

/** A key as one word: as it is, or in hexadecimal digits after `0x`. */
export function printKey(key: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(key)
  if (/^[\w.-]+$/.test(text) && !text.startsWith('0x')) return text
  return `0x${Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** Parses the text form. Invalid text throws `LSM_INVALID_ARGUMENT`, which names the line. */
export function parseVersion(text: string): Version {
  const levels: Run[][] = []
  let runs: Run[] | null = null
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '') continue
    const level = /^L(\d+)$/.exec(line)
    const run = /^R(\d+):\s*(.*)$/.exec(line)
    if (level !== null) {
      const depth = Number(level[1])
      while (levels.length <= depth) levels.push([])
      runs = levels[depth]!
    } else if (run !== null && runs !== null) {
      const tables = run[2]!.split(';').map((part) => parseTable(part.trim(), index + 1))
      runs.push(runOf(Number(run[1]), tables))
    } else {
      throw invalidArgument(`line ${index + 1} is neither a level nor a run: ${line}`)
    }
  }
  return versionOf(levels.map(levelOf))
}

function parseTable(text: string, line: number): TableMeta {
  const match = /^(\d+)\[([^,\])]*),([^\])]*)([\])])((?:\s+\w+=\S+)*)$/.exec(text)
  if (match === null) throw invalidArgument(`line ${line} holds no table: ${text}`)
  const facts = new Map(
    match[5]!
      .trim()
      .split(/\s+/)
      .filter((fact) => fact !== '')
      .map((fact) => fact.split('=') as [string, string]),
  )
  const take = (name: string) => {
    const value = facts.get(name)
    facts.delete(name)
    return value
  }
  const numbers = Object.fromEntries(
    NUMBER_FIELDS.map(([name, field]) => [field, Number(take(name) ?? DEFAULTS[field])]),
  )
  const [seqMin = 0, seqMax = seqMin] = (take('seq') ?? '0').split('-').map(Number)
  const deleted = take('deleted')
  const filter = take('filter')?.split(':').map(Number)
  const vlog = take('vlog')
  const unknown = [...facts.keys()][0]
  if (unknown !== undefined) throw invalidArgument(`line ${line}: unknown fact ${unknown}`)
  return {
    ...DEFAULTS,
    ...numbers,
    id: Number(match[1]),
    smallest: parseKey(match[2]!),
    largest: parseKey(match[3]!),
    ...(match[4] === ')' ? { isOpen: true } : {}),
    seqMin,
    seqMax,
    oldestTombstoneAtMs: deleted === undefined ? null : Number(deleted),
    filter:
      filter === undefined
        ? NO_FILTER
        : { kind: 'blocked-bloom', bitsPerKey: filter[0] ?? 0, bytes: filter[1] ?? 0 },
    vlogBytes:
      vlog === undefined
        ? []
        : vlog.split(',').map((part) => part.split(':').map(Number) as [number, number]),
  }
}

function parseKey(text: string): Uint8Array {
  if (!text.startsWith('0x')) return new TextEncoder().encode(text)
  return Uint8Array.from(text.slice(2).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
