/**
 * Owns the text form of a version edit, so that people can read a log of edits and replay it:
 * `applyEdit` over parsed edits rebuilds the versions. `parseEdit(printEdit(e))` equals e, except
 * that a removed table keeps only its id and key range, which suffice to find it.
 *
 *   run L1 R9 after R4              a new run; 'newest' in place of 'after …' where it is the first
 *   - L0 R7 3[a,c]                  a table leaves
 *   + L1 R9 12[a,f] bytes=100       a table comes; as in the text of a version
 *   state leveling-partial {…}      the strategy, and its state after the edit
 *
 * Counters (log, file, run and sequence numbers) and segments of the value log belong to the
 * manifest and have no text form.
 */

import { checkText } from '../base/arguments.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { tablesOf } from './run.ts'
import type { TableMeta } from './table-meta.ts'
import { parseVersion, printKey, printTable } from './text.ts'
import { checkEdit, type NewRun, type TablePlacement, type VersionEdit } from './version-edit.ts'

/** The text of an edit, one change a line; `parseEdit` reads it. */
export function printEdit(edit: VersionEdit): string {
  checkEdit(edit)
  const { newRuns, removed, added, strategy } = edit
  const lines = [
    ...newRuns.map(({ level, run, after }) => {
      return `run L${level} R${run} ${after === null ? 'newest' : `after R${after}`}`
    }),
    ...removed.map(({ level, run, table: { id, smallest, largest } }) => {
      return `- L${level} R${run} ${id}[${printKey(smallest)},${printKey(largest)}]`
    }),
    ...added.map(({ level, run, table }) => `+ L${level} R${run} ${printTable(table)}`),
    ...(strategy === undefined ? [] : [`state ${strategy.name} ${JSON.stringify(strategy.state)}`]),
  ]
  return lines.join('\n')
}

/** Parses the text form. Invalid text throws `LSM_INVALID_ARGUMENT`, which names the line. */
export function parseEdit(text: string): VersionEdit {
  checkText(text, 'the text of an edit')
  const newRuns: NewRun[] = []
  const removed: TablePlacement[] = []
  const added: TablePlacement[] = []
  let strategy: VersionEdit['strategy']
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '') continue
    const run = /^run L(\d+) R(\d+) (?:newest|after R(\d+))$/.exec(line)
    const table = /^([+-]) L(\d+) R(\d+) (.+)$/.exec(line)
    const state = /^state (\S+) (.+)$/.exec(line)
    if (run !== null) {
      const after = run[3] === undefined ? null : Number(run[3])
      newRuns.push({ level: Number(run[1]), run: Number(run[2]), after })
    } else if (table !== null) {
      const place = { level: Number(table[2]), run: Number(table[3]) }
      const list = table[1] === '+' ? added : removed
      list.push({ ...place, table: parseTable(table[4]!) })
    } else if (state !== null) {
      strategy = { name: state[1]!, state: parseState(state[2]!, line) }
    } else {
      throw invalidArgument(`not a line of an edit: ${line}`)
    }
  }
  return { newRuns, removed, added, ...(strategy !== undefined && { strategy }) }
}

function parseTable(text: string): TableMeta {
  return [...tablesOf(parseVersion(`L0\nR0: ${text}`).levels[0]!.runs[0]!)][0]!
}

function parseState(text: string, line: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw invalidArgument(`not a line of an edit: ${line} (${(cause as Error).message})`)
  }
}
