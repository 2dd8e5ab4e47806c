/**
 * Owns the progress line: one line on a terminal, redrawn at most ten times a second with the time
 * still needed; nothing on a pipe. What it writes is counted, because the operating system's view
 * of a run (`gates.ts`) includes it.
 */
import { formatCount, formatSeconds } from './units.ts'

const REDRAW_MS = 100
/** A pseudo-terminal without a size says 0. */
const COLUMNS_UNKNOWN = 80
const CLEAR_LINE = '\r\u001b[2K'

export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface Written {
  readonly bytes: number
  readonly calls: number
}

export class Progress {
  readonly #terminal: Terminal
  readonly #enabled: boolean
  readonly #nowMs: () => number
  readonly #startMs: number
  #lastDrawMs = Number.NEGATIVE_INFINITY
  #drawn = false
  #bytes = 0
  #calls = 0

  constructor(terminal: Terminal, quiet: boolean, nowMs: () => number) {
    this.#terminal = terminal
    this.#enabled = terminal.isTTY === true && !quiet
    this.#nowMs = nowMs
    this.#startMs = nowMs()
  }

  /** Everything written to the terminal so far. */
  get written(): Written {
    return { bytes: this.#bytes, calls: this.#calls }
  }

  /** `fraction` of the whole sweep is done; `what` and the two counts say where in it. */
  update(what: string, done: number, total: number, fraction: number): void {
    if (!this.#enabled) return
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

  /** Leaves an empty line for what comes next. */
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
