/**
 * Owns the processes that tests of commands start: what each of them printed and how it ended. Call
 * `endStarted` after the tests: one that fails must not leave its processes behind.
 */
import { type ChildProcess, spawn } from 'node:child_process'

export interface Ended {
  /** Null where a signal ended it. */
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
