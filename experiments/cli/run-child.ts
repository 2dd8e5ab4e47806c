/**
 * Owns a Node process that a command starts and waits for. Invariant: the process never outlives
 * the wait; when the command is interrupted, the process is ended too.
 */
import { spawn } from 'node:child_process'
import { Interrupted } from '../base/interrupted.ts'
import { childEnvironment } from '../machine/child-environment.ts'

/**
 * Runs `node …parameters` to its end. Its output is shown, or collected if `quiet`. Throws
 * `Interrupted` when `signal` aborts, after the process has ended.
 */
export async function runChild(
  parameters: readonly string[],
  signal: AbortSignal,
  quiet = false,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const stdio = quiet ? 'pipe' : 'inherit'
  const child = spawn(process.execPath, parameters, {
    stdio: ['inherit', stdio, stdio],
    env: childEnvironment(),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const end = () => child.kill('SIGTERM')
  signal.addEventListener('abort', end)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    if (signal.aborted) throw new Interrupted('interrupted')
    return { code, output }
  } finally {
    signal.removeEventListener('abort', end)
  }
}
