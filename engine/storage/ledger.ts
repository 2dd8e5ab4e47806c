/**
 * Owns the byte ledger: every byte moved is counted once, on orthogonal axes cause × level ×
 * section × direction, with the number of calls that moved it. All amplification figures are ratios
 * of sums over the ledger; there is no other count.
 *
 * Conservation, exact at every moment: present at open + appended + linked − truncated − removed =
 * Σ live sizes, where a file counts once for each of its names. Storages count everything except
 * the files present at open; the opener of the folder counts those (`countFolder` in storage.ts).
 *
 * Several threads may count into one ledger (`share`). Each count then takes effect at one moment
 * of its call, for all threads alike. A reading adds up many cells: while other threads count, it
 * may have some cells from before a count and some from after it. It is exact while they rest. The
 * total of live sizes rises before the cells do and falls after them, so that a balance is never
 * above the peak.
 */

import { checkOptions, show } from '../base/arguments.ts'
import { invalidArgument } from '../base/errors.ts'
import { type Cells, PrivateCells, SharedCells } from './ledger-cells.ts'

/** Why bytes move: the first axis of the ledger. */
export const CAUSES = [
  'wal',
  'flush',
  'compaction',
  'manifest',
  'get',
  'scan',
  'recovery',
  'open',
  'meta',
  'verify',
  'vlog',
  'vlog-gc',
  'ingest',
] as const
/** One of `CAUSES`. */
export type Cause = (typeof CAUSES)[number]

export const SECTIONS = ['data', 'index', 'filter', 'meta'] as const
export type Section = (typeof SECTIONS)[number]

export const DIRECTIONS = ['write', 'read'] as const
export type Direction = (typeof DIRECTIONS)[number]

/** Levels −1 (no level) to 62; deeper levels share the last row. */
const LEVEL_ROWS = 64

/** The bytes of one cause, level, section and direction, and the calls that moved them. */
export interface LedgerCell {
  readonly cause: Cause
  readonly level: number
  readonly section: Section
  readonly direction: Direction
  readonly bytes: number
  readonly calls: number
}

/** The balance of file sizes, kept beside the moved bytes. All fields are in bytes. */
export interface LedgerBalance {
  readonly presentAtOpen: number
  readonly appended: number
  readonly linked: number
  readonly truncated: number
  readonly removed: number
}

export interface LedgerFilter {
  readonly cause?: Cause | readonly Cause[]
  readonly level?: number
  readonly section?: Section
  readonly direction?: Direction
}

const accountCount = CAUSES.length * LEVEL_ROWS * SECTIONS.length * DIRECTIONS.length
const causeIndex = indexOf(CAUSES)
const sectionIndex = indexOf(SECTIONS)

/** The bytes of each account come first, then its calls, then the other lines of the balance. */
const CALLS = accountCount
const PRESENT_AT_OPEN = 2 * accountCount
const LINKED = PRESENT_AT_OPEN + 1
const TRUNCATED = LINKED + 1
const REMOVED = TRUNCATED + 1
const CELL_COUNT = REMOVED + 1

/** The numbers of a ledger. Posted to another thread, they are still the same ledger's. */
export type SharedLedger = SharedArrayBuffer

/** The account of every byte that a storage moves. One ledger serves one storage. */
export class Ledger {
  #cells: Cells = new PrivateCells(CELL_COUNT)

  /** The same ledger in another thread. `LSM_INVALID_ARGUMENT` for what `share` did not return. */
  static over(shared: SharedLedger): Ledger {
    const ledger = new Ledger()
    ledger.#cells = new SharedCells(CELL_COUNT, shared)
    return ledger
  }

  /** The index of an account's first cell. A handle computes it once and passes it to `count`. */
  static account(cause: Cause, level: number): number {
    const row = Math.min(Math.max(level + 1, 0), LEVEL_ROWS - 1)
    return (causeIndex[cause] * LEVEL_ROWS + row) * SECTIONS.length * DIRECTIONS.length
  }

  /**
   * Lets other threads count into this ledger, by `over`. Its numbers move to shared memory at the
   * first call, and every count costs atomic additions from then on.
   */
  share(): SharedLedger {
    const cells = this.#cells
    const shared = cells instanceof SharedCells ? cells : SharedCells.from(cells, CELL_COUNT)
    this.#cells = shared
    return shared.memory
  }

  /** Counts one append of `bytes` bytes. */
  countWrite(account: number, section: Section, bytes: number): void {
    const cells = this.#cells
    const cell = account + sectionIndex[section] * DIRECTIONS.length
    cells.rise(bytes)
    cells.add(cell, bytes)
    cells.add(CALLS + cell, 1)
  }

  /** Counts one read of `bytes` bytes. */
  countRead(account: number, section: Section, bytes: number): void {
    const cells = this.#cells
    const cell = account + sectionIndex[section] * DIRECTIONS.length + 1
    cells.add(cell, bytes)
    cells.add(CALLS + cell, 1)
  }

  /** Counts bytes that lay in the folder before it was opened. */
  countPresentAtOpen(bytes: number): void {
    this.#cells.rise(bytes)
    this.#cells.add(PRESENT_AT_OPEN, bytes)
  }

  /** Counts the size of a file that got a second name. */
  countLinked(bytes: number): void {
    this.#cells.rise(bytes)
    this.#cells.add(LINKED, bytes)
  }

  /** Counts the bytes by which a file was shortened. */
  countTruncated(bytes: number): void {
    this.#cells.add(TRUNCATED, bytes)
    this.#cells.fall(bytes)
  }

  /** Counts the size of a file that lost a name. */
  countRemoved(bytes: number): void {
    this.#cells.add(REMOVED, bytes)
    this.#cells.fall(bytes)
  }

  /**
   * The highest Σ live sizes ever reached, by all threads together. It includes a merge's inputs
   * and outputs together, the log and the manifest.
   */
  get peakLiveBytes(): number {
    return this.#cells.peak
  }

  /** All non-empty cells in a fixed order, so that equal histories give equal lists. */
  cells(): readonly LedgerCell[] {
    const cells: LedgerCell[] = []
    let index = 0
    for (const cause of CAUSES) {
      for (let row = 0; row < LEVEL_ROWS; row++) {
        for (const section of SECTIONS) {
          for (const direction of DIRECTIONS) {
            const calls = this.#cells.get(CALLS + index)
            const bytes = calls > 0 ? this.#cells.get(index) : 0
            index++
            if (calls > 0) cells.push({ cause, level: row - 1, section, direction, bytes, calls })
          }
        }
      }
    }
    return cells
  }

  /** The sums that conservation compares with the sizes of the files; owned. */
  balance(): LedgerBalance {
    return {
      presentAtOpen: this.#cells.get(PRESENT_AT_OPEN),
      appended: sumCells(this.cells(), { direction: 'write' }).bytes,
      linked: this.#cells.get(LINKED),
      truncated: this.#cells.get(TRUNCATED),
      removed: this.#cells.get(REMOVED),
    }
  }
}

/** The total size of all files according to the ledger, in bytes. */
export function liveBytes(balance: LedgerBalance): number {
  const { presentAtOpen, appended, linked, truncated, removed } = balance
  return presentAtOpen + appended + linked - truncated - removed
}

/** Throws `LSM_INVALID_ARGUMENT` if `ledger` is not a ledger. */
export function checkLedger(ledger: Ledger): void {
  if (!(ledger instanceof Ledger)) throw invalidArgument(`expected a Ledger, not ${show(ledger)}`)
}

/**
 * Sum over the cells that match every given axis. An unknown axis or value is
 * `LSM_INVALID_ARGUMENT`.
 */
export function sumCells(
  cells: readonly LedgerCell[],
  filter: LedgerFilter,
): { readonly bytes: number; readonly calls: number } {
  checkFilter(filter)
  let bytes = 0
  let calls = 0
  for (const cell of cells) {
    if (filter.cause !== undefined && ![filter.cause].flat().includes(cell.cause)) continue
    if (filter.level !== undefined && filter.level !== cell.level) continue
    if (filter.section !== undefined && filter.section !== cell.section) continue
    if (filter.direction !== undefined && filter.direction !== cell.direction) continue
    bytes += cell.bytes
    calls += cell.calls
  }
  return { bytes, calls }
}

/** Without this check, a misspelt axis would match every cell and a misspelt cause none. */
function checkFilter(filter: LedgerFilter): void {
  checkOptions(filter, ['cause', 'level', 'section', 'direction'], 'a filter of the ledger')
  checkName(CAUSES, filter.cause, 'cause')
  checkName(SECTIONS, filter.section, 'section')
  checkName(DIRECTIONS, filter.direction, 'direction')
}

function checkName<Name extends string>(
  names: readonly Name[],
  given: Name | readonly Name[] | undefined,
  axis: string,
): void {
  if (given === undefined) return
  const unknown = [given].flat().find((name) => !names.includes(name as Name))
  if (unknown !== undefined) throw invalidArgument(`the ledger has no ${axis} ${unknown}`)
}

/** What moved between two readings of the same ledger: `later` − `earlier`, cell by cell. */
export function cellsBetween(
  earlier: readonly LedgerCell[],
  later: readonly LedgerCell[],
): readonly LedgerCell[] {
  const name = (cell: LedgerCell) => `${cell.cause}/${cell.level}/${cell.section}/${cell.direction}`
  const before = new Map(earlier.map((cell) => [name(cell), cell]))
  return later
    .map((cell) => {
      const base = before.get(name(cell))
      return base === undefined
        ? cell
        : { ...cell, bytes: cell.bytes - base.bytes, calls: cell.calls - base.calls }
    })
    .filter((cell) => cell.calls > 0)
}

function indexOf<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, index) => [name, index])) as Record<Name, number>
}
