/**
 * Owns YCSB's property files (`workloads/workloada`, or your own): the line syntax of
 * `java.util.Properties`, and the effect of each property on a stream. Properties of `CoreWorkload`
 * shape the stream. Those of YCSB's client and of database bindings do not; their names are
 * returned, so that the user is told. An unknown name is refused.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
import type { WorkloadDefinition } from '../definition.ts'
import { nearest, nearestHint } from '../nearest.ts'
import { type CoreProperties, corePropertiesSchema } from './core-properties.ts'
import { ycsbDefinition } from './ycsb-definition.ts'

/** Properties that determine what is made and how many operations there are, but not which ones. */
const COUNTS = ['workload', 'recordcount', 'operationcount', 'dotransactions']

/**
 * Properties of YCSB's client (`Client.java`, `Measurements.java`), and those of `CoreWorkload`
 * that do not matter for a single client whose writes never fail. `readallfieldsbyname` (later than
 * 0.17.0) only lists fields that are read anyway.
 */
const WITHOUT_EFFECT: readonly string[] = [
  ...['db', 'table', 'columnfamily', 'threadcount', 'target', 'maxexecutiontime'],
  ...['status', 'status.interval', 'label', 'exporter', 'exportfile', 'measurementtype'],
  ...['measurement.interval', 'measurement.trackjvm', 'measurement.histogram.verbose'],
  ...['measurement.raw.output_file', 'measurement.raw.no_summary', 'histogram.buckets'],
  ...['hdrhistogram.percentiles', 'hdrhistogram.fileoutput', 'hdrhistogram.output.path'],
  ...['timeseries.granularity', 'reportlatencyforeacherror', 'latencytrackederrors', 'spin.sleep'],
  ...['core_workload_insertion_retry_limit', 'core_workload_insertion_retry_interval'],
  ...['core_workload_insertion_keep_going_on_error', 'readallfieldsbyname'],
  ...['maxscanrate', 'scanoptimelimit', 'discardscannedrecord'],
]

const CORE = Object.keys(corePropertiesSchema.shape)
const KNOWN = [...CORE, ...COUNTS, ...WITHOUT_EFFECT]

export interface PropertyFile {
  /** The name of the workload. */
  readonly name: string
  /** Named in errors and as the source of defaults. */
  readonly path: string
  readonly text: string
  /** The text of a file that a property names by a path relative to this file. */
  readSibling(path: string): string
}

/** Throws `LSM_INVALID_ARGUMENT`, which names the file, the line and the nearest valid property. */
export function propertyFileWorkload(file: PropertyFile): WorkloadDefinition {
  const properties: Record<string, unknown> = {}
  const counts: Record<string, number> = {}
  const withoutEffect: string[] = []
  let loadOnly = false
  for (const { name, value, line } of readProperties(file.text)) {
    const refuse = (reason: string) =>
      invalidArgument(`${file.path}, line ${line}: ${reason}`, { path: file.path, line, name })
    if (name === 'workload' && !value.endsWith('.CoreWorkload')) {
      throw refuse(`workload=${value}: only YCSB's CoreWorkload is known here`)
    }
    if (name === 'workload') continue
    if (name === 'dotransactions') loadOnly = value.toLowerCase() === 'false'
    else if (name === 'fieldlengthhistogram') properties[name] = file.readSibling(value)
    else if (CORE.includes(name)) properties[name] = readValue(name, value, refuse)
    else if (name === 'recordcount' || name === 'operationcount') {
      counts[name] = readInteger(name, value, refuse)
    } else if (isWithoutEffect(name)) withoutEffect.push(name)
    else throw refuse(`unknown YCSB property "${name}"${nearestHint(name, KNOWN)}`)
  }
  return ycsbDefinition({
    name: file.name,
    description: `YCSB's CoreWorkload with the properties of ${file.path}`,
    properties: properties as Partial<CoreProperties>,
    source: file.path,
    loadOnly,
    size: {
      ...(counts.recordcount !== undefined && { records: counts.recordcount }),
      ...(counts.operationcount !== undefined && { operations: counts.operationcount }),
    },
    withoutEffect,
  })
}

/** A dotted name that is not near a known one belongs to a database binding (`rocksdb.dir`). */
function isWithoutEffect(name: string): boolean {
  if (WITHOUT_EFFECT.includes(name)) return true
  return name.includes('.') && nearest(name, KNOWN) === undefined
}

function readValue(name: string, text: string, refuse: (reason: string) => Error): unknown {
  const schema = corePropertiesSchema.shape[name as keyof CoreProperties]
  const preset: unknown = schema.parse(undefined)
  const isNumber = typeof preset === 'number' || preset === null
  const value = isNumber ? readNumber(text) : readWord(text, typeof preset)
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw refuse(`${name}=${text}: ${parsed.error.issues[0]!.message}`)
  return parsed.data
}

/**
 * Reads decimals as YCSB does: no separators, no hexadecimal. Other texts give NaN, which every
 * schema refuses.
 */
function readNumber(text: string): number {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

/**
 * Reads booleans as `Boolean.parseBoolean` does: "true" in any letter case is true, all else is
 * false.
 */
function readWord(text: string, type: string): unknown {
  return type === 'boolean' ? text.toLowerCase() === 'true' : text
}

function readInteger(name: string, text: string, refuse: (reason: string) => Error): number {
  if (!/^\d+$/.test(text)) throw refuse(`${name}=${text}: expected a whole number`)
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw refuse(`${name}=${text}: too large`)
  return value
}

interface Property {
  readonly name: string
  readonly value: string
  readonly line: number
}

/**
 * The grammar of `java.util.Properties.load`: comments start with # or !, a backslash joins lines
 * or escapes a character, and `=`, `:` or white space separates name and value. If a name is given
 * twice, the last counts. Trailing white space of values is removed, because YCSB's parsers would
 * fail on it.
 */
export function readProperties(text: string): Property[] {
  const found = new Map<string, Property>()
  const lines = text.split(/\r\n|\n|\r/)
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1
    let logical = lines[at]!.trimStart()
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(logical) && at + 1 < lines.length) {
      logical = logical.slice(0, -1) + lines[++at]!.trimStart()
    }
    const match = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/s.exec(logical)!
    const name = unescaped(match[1]!)
    found.set(name, { name, value: unescaped(match[2]!).trimEnd(), line })
  }
  return [...found.values()]
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code?: string, char = '') =>
    code === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}
