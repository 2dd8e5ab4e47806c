/**
 * Owns access to any moment of a run: edits are applied in order, and keyframes make going back as
 * cheap as going on. It runs in the page and in tests, so it uses neither Node nor a document.
 *
 * Invariant: after `seek(n)` the tree is the one that n edits made, and `ghosts` are the tables
 * that the last edit removed, at their former places. A run without tables is dropped, as in the
 * engine.
 */

import type { TimelineEdit, TimelineRun } from './timeline-run.ts'

/** Least number of edits between keyframes; more if keyframes would take too much memory. */
const KEYFRAME_EDITS_MIN = 64
const KEYFRAME_BYTES_MAX = 48 * 2 ** 20

/** In place of a run: the table is not in the tree. */
export const ABSENT = -1

/** A table that was removed, and its former place. */
export interface Ghost {
  readonly table: number
  readonly level: number
  /** Place in the level's list of runs, before the edit. */
  readonly runIndex: number
  readonly runsInLevel: number
}

interface Keyframe {
  readonly runOfTable: Int32Array
  readonly levels: readonly (readonly number[])[]
}

/**
 * The content of each level after each edit: `values[edit * levels + level]`; edit 0 is the empty
 * tree.
 */
export interface LevelHistory {
  readonly levels: number
  readonly bytes: Float64Array
  readonly runs: Int32Array
  readonly tables: Int32Array
}

export class Replay {
  readonly run: TimelineRun
  readonly history: LevelHistory
  /** The most runs that each level ever held. */
  readonly runsMaxByLevel: readonly number[]
  /** User bytes put when a table was written; a move does not write it again. */
  readonly bornAtBytes: Float64Array
  /** Bytes that flushes and merges wrote up to and including each edit; 0 for edit 0. */
  readonly bytesWritten: Float64Array
  /** Edits applied. */
  at = 0
  /** Run of each table by its index, or `ABSENT`. */
  runOfTable: Int32Array
  /** Runs of each level, newest first. */
  levels: number[][] = []
  ghosts: readonly Ghost[] = []
  /** The levels as they were before the last edit. */
  levelsBefore: readonly (readonly number[])[] = []
  readonly #tablesOfRun = new Map<number, number>()
  /** Valid at every moment, because a run never leaves its level. */
  readonly #levelOfRun = new Map<number, number>()
  readonly #keyframes: Keyframe[] = []
  readonly #keyframeEdits: number

  constructor(run: TimelineRun) {
    this.run = run
    const tables = run.tables.id.length
    const keyframeBytes = run.edits.length * tables * 4
    this.#keyframeEdits = Math.max(
      KEYFRAME_EDITS_MIN,
      Math.ceil(keyframeBytes / KEYFRAME_BYTES_MAX),
    )
    this.runOfTable = new Int32Array(tables).fill(ABSENT)
    this.bornAtBytes = new Float64Array(tables).fill(Number.NaN)
    this.bytesWritten = new Float64Array(run.edits.length + 1)
    const placed = run.edits.flatMap(({ added }) => added.map(({ level }) => level))
    const levels = placed.reduce((most, level) => Math.max(most, level + 1), 0)
    this.history = {
      levels,
      bytes: new Float64Array((run.edits.length + 1) * levels),
      runs: new Int32Array((run.edits.length + 1) * levels),
      tables: new Int32Array((run.edits.length + 1) * levels),
    }
    this.#rehearse()
    this.runsMaxByLevel = Array.from({ length: levels }, (_, level) => {
      let most = 0
      for (let edit = 0; edit <= run.edits.length; edit++) {
        most = Math.max(most, this.history.runs[edit * levels + level]!)
      }
      return most
    })
    this.seek(0)
  }

  /** Goes to the moment after `count` edits. */
  seek(count: number): void {
    const before = Math.max(0, count - 1)
    const keyframe = Math.floor(before / this.#keyframeEdits)
    const onTheWay = this.at <= before && this.at >= keyframe * this.#keyframeEdits
    if (!onTheWay) this.#restore(keyframe)
    while (this.at < before) this.#apply(this.run.edits[this.at]!)
    this.levelsBefore = this.levels.map((runs) => [...runs])
    const edit = count > 0 ? this.run.edits[before] : undefined
    this.ghosts = (edit?.removed ?? []).map((table) => this.#ghostOf(table))
    if (edit !== undefined) this.#apply(edit)
  }

  /** The level of a run that some edit has made. */
  levelOfRun(run: number): number {
    return this.#levelOfRun.get(run) ?? ABSENT
  }

  /** Goes through all edits once to make the keyframes and the sums over the history. */
  #rehearse(): void {
    const { edits, tables } = this.run
    const { levels, ...columns } = this.history
    for (let done = 0; done <= edits.length; done++) {
      if (done % this.#keyframeEdits === 0) this.#keyframes.push(this.#keyframe())
      for (let level = 0; level < levels; level++) {
        columns.runs[done * levels + level] = this.levels[level]?.length ?? 0
      }
      const edit = edits[done]
      if (edit === undefined) return
      const [from, to] = [done * levels, (done + 1) * levels]
      columns.bytes.copyWithin(to, from, to)
      columns.tables.copyWithin(to, from, to)
      this.bytesWritten[done + 1] = this.bytesWritten[done]!
      for (const table of edit.removed) {
        const level = this.levelOfRun(this.runOfTable[table]!)
        columns.bytes[to + level]! -= tables.bytes[table]!
        columns.tables[to + level]! -= 1
      }
      for (const { table, level } of edit.added) {
        columns.bytes[to + level]! += tables.bytes[table]!
        columns.tables[to + level]! += 1
        if (!Number.isNaN(this.bornAtBytes[table]!)) continue
        this.bornAtBytes[table] = edit.userBytes
        this.bytesWritten[done + 1]! += tables.bytes[table]!
      }
      this.#apply(edit)
    }
  }

  #apply({ newRuns, removed, added }: TimelineEdit): void {
    for (const { level, run, after } of newRuns) {
      while (this.levels.length <= level) this.levels.push([])
      const runs = this.levels[level]!
      runs.splice(after === null ? 0 : runs.indexOf(after) + 1, 0, run)
      this.#levelOfRun.set(run, level)
      this.#tablesOfRun.set(run, 0)
    }
    for (const table of removed) {
      const run = this.runOfTable[table]!
      this.#tablesOfRun.set(run, this.#tablesOfRun.get(run)! - 1)
      this.runOfTable[table] = ABSENT
    }
    for (const { table, run } of added) {
      this.#tablesOfRun.set(run, this.#tablesOfRun.get(run)! + 1)
      this.runOfTable[table] = run
    }
    this.levels = this.levels.map((runs) =>
      runs.every((run) => this.#tablesOfRun.get(run)! > 0) ? runs : this.#withoutEmpty(runs),
    )
    this.at++
  }

  #withoutEmpty(runs: readonly number[]): number[] {
    return runs.filter((run) => {
      if (this.#tablesOfRun.get(run)! > 0) return true
      this.#tablesOfRun.delete(run)
      return false
    })
  }

  #ghostOf(table: number): Ghost {
    const run = this.runOfTable[table]!
    const level = this.levelOfRun(run)
    const runs = this.levels[level] ?? []
    return { table, level, runIndex: runs.indexOf(run), runsInLevel: runs.length }
  }

  #keyframe(): Keyframe {
    return { runOfTable: this.runOfTable.slice(), levels: this.levels.map((runs) => [...runs]) }
  }

  #restore(keyframe: number): void {
    const { runOfTable, levels } = this.#keyframes[keyframe]!
    this.runOfTable = runOfTable.slice()
    this.levels = levels.map((runs) => [...runs])
    this.at = keyframe * this.#keyframeEdits
    this.#tablesOfRun.clear()
    for (const run of runOfTable) {
      if (run !== ABSENT) this.#tablesOfRun.set(run, (this.#tablesOfRun.get(run) ?? 0) + 1)
    }
  }
}
