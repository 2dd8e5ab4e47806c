/**
 * Owns the progress of a command: on a terminal one line, redrawn at most ten times a second with
 * the time still needed; on a pipe, or a terminal without cursor control, a line for each run that
 * has ended. What it writes is counted, because the operating system's view of a run (`gates.ts`)
 * includes it.
 */

import type { Transfer } from '../base/context.ts'
import { formatCount, formatSeconds } from '../base/units.ts'
import { canRedraw } from './terminal.ts'

const REDRAW_MS = 100
/** A pseudo-terminal without a size says 0. */
const COLUMNS_UNKNOWN = 80
const CLEAR_LINE = '\r\u001b[2K'

export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export class Progress {
  readonly #terminal: Terminal
  readonly #quiet: boolean
  readonly #redraws: boolean
  readonly #nowMs: () => number
  readonly #startMs: number
  #lastDrawMs = Number.NEGATIVE_INFINITY
  #drawn = false
  #run: { readonly what: string; readonly sinceMs: number } | null = null
  #bytes = 0
  #calls = 0

  constructor(
    terminal: Terminal,
    quiet: boolean,
    nowMs: () => number,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.#terminal = terminal
    this.#quiet = quiet
    this.#redraws = canRedraw(terminal, env)
    this.#nowMs = nowMs
    this.#startMs = nowMs()
  }

  /** Everything written to the terminal so far. */
  get written(): Transfer {
    return { bytes: this.#bytes, calls: this.#calls }
  }

  /** The previous run has ended and the run `what` begins; null: no run follows. */
  running(what: string | null): void {
    if (this.#run?.what === what) return
    const nowMs = this.#nowMs()
    if (this.#run !== null) this.ended(this.#run.what, (nowMs - this.#run.sinceMs) / 1000)
    this.#run = what === null ? null : { what, sinceMs: nowMs }
  }

  /** The run `what` took so long. For runs that are done at once, told in their order. */
  ended(what: string, seconds: number): void {
    if (this.#redraws || this.#quiet) return
    this.#write(`${what}: done in ${formatSeconds(seconds)}\n`)
  }

  /** `fraction` of the whole sweep is done; `what` and the two counts say where in it. */
  update(what: string, done: number, total: number, fraction: number): void {
    if (!this.#redraws || this.#quiet) return
    const nowMs = this.#nowMs()
    if (nowMs - this.#lastDrawMs < REDRAW_MS) return
    this.#lastDrawMs = nowMs
    const seconds = (nowMs - this.#startMs) / 1000
    const left =
      fraction > 0.01 ? `, ${formatSeconds((seconds * (1 - fraction)) / fraction)} left` : ''
    const percent = Math.floor(fraction * 100)
    const line = `${percent} %  ${what}  ${formatCount(done)} of ${formatCount(total)}${left}`
    this.#write(CLEAR_LINE + line.slice(0, (this.#terminal.columns || COLUMNS_UNKNOWN) - 1))
    this.#drawn = true
  }

  /** Clears the line for the next output. */
  clear(): void {
    if (this.#drawn) this.#write(CLEAR_LINE)
    this.#drawn = false
  }

  #write(text: string): void {
    this.#bytes += Buffer.byteLength(text)
    this.#calls++
    this.#terminal.write(text)
  }
}
