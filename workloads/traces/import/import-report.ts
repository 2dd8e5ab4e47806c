/**
 * Owns the account of an import: what became operations, what was rightly passed over, what was not
 * understood. Every malformed line is told with file, place and reason; beyond `errorsMax` of them
 * the import stops. Invariant: nothing is dropped without being counted here.
 */

import { invalidArgument } from '../../../engine/base/errors.ts'

/** How an import treats malformed lines. */
export interface ImportReportOptions {
  /** So many malformed lines are passed over; one more ends the import. */
  readonly errorsMax: number
  /** Hears of each, as `file:line: reason`. */
  onMalformed(text: string): void
}

/** The account of an import: every line or record of the files is in one of its numbers. */
export class ImportReport {
  operations = 0
  /** Properties, headings, statistics, empty lines. */
  otherLines = 0
  malformed = 0
  /** Remarks on how something was understood, with how often. */
  readonly notes = new Map<string, number>()
  readonly #options: ImportReportOptions

  constructor(options: ImportReportOptions) {
    this.#options = options
  }

  /** Adds `count` to the remark `text`. */
  note(text: string, count = 1): void {
    this.notes.set(text, (this.notes.get(text) ?? 0) + count)
  }

  /** `place`: `file:line`, or `file at offset N`. Throws `LSM_INVALID_ARGUMENT` past the limit. */
  fail(place: string, reason: string): void {
    const { errorsMax, onMalformed } = this.#options
    this.malformed++
    if (this.malformed > errorsMax) {
      const limit = errorsMax === 0 ? 'none is allowed' : `${errorsMax} are allowed`
      throw invalidArgument(`${place}: ${reason} (malformed: ${this.malformed}; ${limit})`, {
        place,
        reason,
        malformed: this.malformed,
        errorsMax,
      })
    }
    onMalformed(`${place}: ${reason}`)
  }
}
