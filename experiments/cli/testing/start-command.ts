/**
 * Owns the processes that tests of commands start: their output and their end. Call `endStarted`
 * after tests that start processes, because a failing test must not leave them behind.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'

const MAIN = join(import.meta.dirname, '../../main.ts')

/** The command line of the program `varve` with a verb and its arguments. */
export function varve(...argv: readonly string[]): readonly string[] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', MAIN, ...argv]
}

/** Runs a verb to its end, in the folder `cwd`. */
export function callVarve(argv: readonly string[], cwd?: string) {
  const [node, ...parameters] = varve(...argv)
  const ended = spawnSync(node!, parameters, { encoding: 'utf8', cwd })
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr }
}

export interface Ended {
  /** Null if a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const running = new Set<ChildProcess>()

/** Starts a program without standard input. */
export function startCommand(command: readonly string[], env = process.env) {
  const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.on('close', () => running.delete(child))
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    texts.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    texts.stderr += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }))
  })
  return { child, texts, ended }
}

export function endStarted(): void {
  for (const child of running) child.kill('SIGKILL')
}
