/**
 * Owns the names of a database's files, which are RocksDB's: a number from the folder's one counter,
 * six digits at least, and what it is. Invariant: `parseName` knows exactly the names made here, so
 * a file somebody else put into the folder is never mistaken for one of ours and removed.
 */

export type FileKind =
  | 'table'
  | 'segment'
  | 'wal'
  | 'manifest'
  | 'options'
  | 'temporary'
  | 'current'

export interface FileName {
  readonly kind: FileKind
  /** 0 for CURRENT, which has none. */
  readonly number: number
}

/** Holds the name of the live manifest and a newline. */
export const CURRENT = 'CURRENT'

export const tableName = (id: number): string => `${digits(id)}.sst`
export const segmentName = (number: number): string => `${digits(number)}.blob`
export const walName = (number: number): string => `${digits(number)}.log`
export const temporaryName = (number: number): string => `${digits(number)}.dbtmp`
export const manifestName = (number: number): string => `MANIFEST-${digits(number)}`
export const optionsName = (number: number): string => `OPTIONS-${digits(number)}`

const NAMES = [
  ['table', tableName],
  ['segment', segmentName],
  ['wal', walName],
  ['temporary', temporaryName],
  ['manifest', manifestName],
  ['options', optionsName],
] as const

/** What `name` (no path) is, or null when it is none of ours. */
export function parseName(name: string): FileName | null {
  if (name === CURRENT) return { kind: 'current', number: 0 }
  const number = Number(/\d{6,}/.exec(name)?.[0] ?? Number.NaN)
  if (!Number.isSafeInteger(number)) return null
  const match = NAMES.find(([, nameOf]) => nameOf(number) === name)
  return match === undefined ? null : { kind: match[0], number }
}

/** The least number, from `atLeast` up, above those of all files named. */
export function numberAbove(names: readonly string[], atLeast: number): number {
  return names.reduce((next, name) => Math.max(next, (parseName(name)?.number ?? 0) + 1), atLeast)
}

function digits(number: number): string {
  return String(number).padStart(6, '0')
}
