/**
 * Owns the account of an import: lines that became operations, lines that were correctly skipped,
 * and lines that were not understood. Every malformed line is reported with file, place and reason.
 * The import stops after more than `errorsMax` of them. Invariant: nothing is dropped without being
 * counted here.
 */

import { invalidArgument } from '../../../engine/base/errors.ts'

/** How an import treats malformed lines. */
export interface ImportReportOptions {
  /** This many malformed lines are skipped. One more ends the import. */
  readonly errorsMax: number
  /** Called for each malformed line, with `file:line: reason`. */
  onMalformed(text: string): void
}

/** The account of an import: every line or record of the files is in one of its numbers. */
export class ImportReport {
  operations = 0
  /** Properties, headings, statistics, empty lines. */
  otherLines = 0
  malformed = 0
  /** Remarks on how the input was interpreted, with their number of occurrences. */
  readonly notes = new Map<string, number>()
  readonly #options: ImportReportOptions

  constructor(options: ImportReportOptions) {
    this.#options = options
  }

  /** Adds `count` to the remark `text`. */
  note(text: string, count = 1): void {
    this.notes.set(text, (this.notes.get(text) ?? 0) + count)
  }

  /**
   * `place` is `file:line`, or `file at offset N`. Throws `LSM_INVALID_ARGUMENT` beyond the limit.
   */
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
