/**
 * Owns the names of a database's files, which are RocksDB's: a number of at least six digits from
 * the folder's single counter, and the kind of file. Invariant: `parseName` accepts exactly the
 * names made here, so a foreign file in the folder is never mistaken for one of ours and removed.
 */

import { corruption } from '../base/errors.ts'
import { joinPath } from '../storage/storage.ts'

export type FileKind =
  | 'table'
  | 'segment'
  | 'wal'
  | 'manifest'
  | 'options'
  | 'temporary'
  | 'lost'
  | 'current'

export interface FileName {
  readonly kind: FileKind
  /** 0 for CURRENT, whose name has no number. */
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

/**
 * The name under which recovery keeps a file that may hold lost writes. Nothing removes such a
 * file.
 */
export const lostName = (name: string): string => `${name}${LOST_SUFFIX}`

/** The name that the lost file had before. */
export const nameOfLost = (lost: string): string => lost.slice(0, -LOST_SUFFIX.length)

const LOST_SUFFIX = '.lost'

const NAMES = [
  ['table', tableName],
  ['segment', segmentName],
  ['wal', walName],
  ['temporary', temporaryName],
  ['manifest', manifestName],
  ['options', optionsName],
] as const

/** Kind and number of the file called `name` (without path), or null if it is not one of ours. */
export function parseName(name: string): FileName | null {
  if (name === CURRENT) return { kind: 'current', number: 0 }
  if (name.endsWith(LOST_SUFFIX)) {
    const number = parseName(nameOfLost(name))?.number
    return number === undefined ? null : { kind: 'lost', number }
  }
  const number = Number(/\d{6,}/.exec(name)?.[0] ?? Number.NaN)
  if (!Number.isSafeInteger(number)) return null
  const match = NAMES.find(([, nameOf]) => nameOf(number) === name)
  return match === undefined ? null : { kind: match[0], number }
}

/** A counter beyond this is damage: the numbers that follow it must stay safe integers. */
export const FILE_NUMBER_MAX = 2 ** 52

/**
 * A file whose number exceeds the counter by this much is foreign: no database makes so many files.
 */
const FILE_NUMBER_LEAP_MAX = 2 ** 50

/**
 * The smallest number that is at least `atLeast` and above the numbers of all `names` in `folder`.
 * Throws `LSM_CORRUPTION` for a name that cannot be the database's.
 */
export function numberAbove(folder: string, names: readonly string[], atLeast: number): number {
  let next = atLeast
  for (const name of names) {
    const number = parseName(name)?.number ?? 0
    if (number - atLeast > FILE_NUMBER_LEAP_MAX) {
      const message = `not a file of this database, whose next number is ${atLeast}; move it away`
      throw corruption(message, { path: joinPath(folder, name) })
    }
    next = Math.max(next, number + 1)
  }
  return next
}

function digits(number: number): string {
  return String(number).padStart(6, '0')
}
