/**
 * Owns the loop of `varve shell`: it opens the folder, answers each line, and closes the folder,
 * whether lines are typed or piped.
 *
 * Invariant: a line that fails leaves the shell usable. At the end of input, at `quit` and at an
 * interrupt the database is closed as usual.
 */
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DatabaseEvent, RecoveryEvent, SlowOperationEvent } from '../../../engine/index.ts'
import { Interrupted } from '../../base/interrupted.ts'
import { formatNs } from '../../base/units.ts'
import { UsageError } from '../../base/usage-error.ts'
import type { Arguments } from '../../cli/arguments.ts'
import { EXIT, explain } from '../../cli/explain.ts'
import { note } from '../../cli/run-command.ts'
import { lookOf } from '../../cli/terminal.ts'
import { holdsDatabase, openFolder, storageFor } from '../db/open-folder.ts'
import { COMMANDS } from './commands.ts'
import { completions } from './completions.ts'
import { HISTORY_LINES_MAX, historyPath, readHistory, writeHistory } from './history.ts'
import { Session } from './session.ts'
import { commandOf } from './shell-command.ts'
import { readLine } from './words.ts'

/** Lines of an answer between two turns of the event loop, in which an interrupt is heard. */
const LINES_A_TURN = 256

/** Does `varve shell`; returns the exit code. Throws `UsageError`, `LsmError`, `Interrupted`. */
export async function runShell(
  { operands: [folder], flags }: Arguments,
  hear: () => AbortSignal,
): Promise<number> {
  const isTyped = process.stdin.isTTY === true
  if (!holdsDatabase(folder!) && !flags.has('create')) await allowCreation(folder!, isTyped)
  const ended = hear()
  const storage = storageFor(folder!, flags.get('key-file')?.[0])
  const open = () => openFolder(folder!, storage, tellEvent)
  const session = new Session(open, storage, lookOf(process.stdout))
  try {
    const allWell = isTyped ? await answerTyped(session, ended) : await answerPiped(session, ended)
    if (ended.aborted) throw new Interrupted()
    return allWell ? EXIT.done : EXIT.failed
  } finally {
    session.close()
  }
}

/** Throws `UsageError` unless the user at the prompt says yes. */
async function allowCreation(folder: string, isTyped: boolean): Promise<void> {
  const refusal = new UsageError(`${folder} is not a database; --create makes one`)
  if (!isTyped) throw refusal
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question(`${folder} is not a database. Create one? [y/N] `)
  lines.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw refusal
}

function tellEvent(event: DatabaseEvent): void {
  if (event.kind === 'recovery') for (const line of recoveryLines(event)) note(line)
  if (event.kind === 'slow-operation') note(slowLine(event))
}

/** What an open brought back, and what it could not. */
export function recoveryLines(event: RecoveryEvent): readonly string[] {
  const { entries, bytesDropped, damage, lost } = event
  const lines: string[] = []
  if (entries > 0)
    lines.push(`recovered ${entries} ${entries === 1 ? 'entry' : 'entries'} from the log`)
  if (damage !== null) lines.push(`dropped ${bytesDropped} bytes of the log: ${damage}`)
  if (lost !== null) {
    const { seqFrom, seqTo, files } = lost
    const kept = files.length === 0 ? '' : `; ${files.join(', ')} may hold them`
    lines.push(`lost: writes from seq ${seqFrom} ${seqTo === null ? 'on' : `to ${seqTo}`}${kept}`)
  }
  return lines
}

function slowLine(event: SlowOperationEvent): string {
  const { operation, tookMs, runsProbed, blocksFromStorage, blocksFromCache, jobs } = event
  const blocks = `${blocksFromStorage} blocks from storage and ${blocksFromCache} from the cache`
  return `slow: ${operation} took ${formatNs(tookMs * 1e6)}: ${runsProbed} runs, ${blocks}, ${jobs} jobs`
}

async function answerPiped(session: Session, ended: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, signal: ended })
  let allWell = true
  let number = 0
  for await (const line of lines) {
    number++
    const failure = await answer(session, line, ended)
    if (failure !== null) {
      allWell = false
      await print(`error: line ${number}: ${failure}`)
    }
    if (session.isOver || ended.aborted) break
  }
  if (session.unwritten !== null && !ended.aborted) {
    allWell = false
    await print(`error: the input ended in a ${session.unwritten}, which was not written`)
  }
  return allWell
}

/** Ctrl-C stops the command that runs, or clears the line; Ctrl-D ends the shell. */
async function answerTyped(session: Session, ended: AbortSignal): Promise<boolean> {
  const path = historyPath()
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: readHistory(path),
    historySize: HISTORY_LINES_MAX,
    removeHistoryDuplicates: true,
    completer: (line: string) => completions(line, [...session.snapshots.keys()]),
    signal: ended,
  })
  let history: readonly string[] = []
  lines.on('history', (all: string[]) => {
    history = [...all]
  })
  let running: AbortController | null = null
  lines.on('SIGINT', () => {
    if (running !== null) running.abort()
    else clearLine(lines)
  })
  showPrompt(lines, session)
  for await (const line of lines) {
    running = new AbortController()
    const failure = await answer(session, line, AbortSignal.any([running.signal, ended]))
    if (failure !== null) await print(`error: ${failure}`)
    else if (running.signal.aborted) await print('stopped')
    running = null
    if (session.isOver || ended.aborted) break
    showPrompt(lines, session)
  }
  lines.close()
  if (!session.isOver) process.stdout.write('\n')
  if (session.unwritten !== null) note(`the ${session.unwritten} was not written`)
  if (history.length > 0) writeHistory(path, history)
  return true
}

function showPrompt(lines: Interface, { batch, transaction }: Session): void {
  const inTransaction = transaction === null ? '' : ', in a transaction'
  lines.setPrompt(`varve${batch === null ? inTransaction : `, batch of ${batch.count}`}> `)
  lines.prompt()
}

function clearLine(lines: Interface): void {
  lines.write(null, { ctrl: true, name: 'e' })
  lines.write(null, { ctrl: true, name: 'u' })
  process.stdout.write('\n')
  lines.prompt()
}

/** Answers a line; returns null, or why it failed. `stop` ends a long answer early. */
async function answer(session: Session, text: string, stop: AbortSignal): Promise<string | null> {
  if (/^\s*(#|$)/.test(text)) return null
  try {
    const { command, operands, options } = commandOf(readLine(text), COMMANDS)
    let lines = 0
    for (const line of await command.run(session, operands, options)) {
      await print(line)
      if (++lines % LINES_A_TURN === 0) await nextTurn()
      if (stop.aborted) break
    }
    return null
  } catch (error) {
    return explain(error).line
  }
}

async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}
