/**
 * Owns the command `npm run exp`: arguments in; results, charts and a table out; and the exit code.
 * 0 done, 1 a run failed, 2 a mistake in the arguments, 130 interrupted. Errors are one line on
 * stderr, with a stack under --debug only.
 */
import { relative } from 'node:path'
import { isLsmError } from '../engine/base/errors.ts'
import { closingTable } from './cli/closing-table.ts'
import { Progress } from './cli/progress.ts'
import { parseCommand, type Request } from './cli/request.ts'
import { UsageError } from './cli/usage-error.ts'
import { Interrupted } from './runner.ts'

const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv)
  if (command.kind === 'run') return runRequest(command.request)
  // Loaded here: a mistake in the arguments should not wait for the catalogues.
  const { helpText, listText } = await import('./cli/help.ts')
  process.stdout.write(`${command.kind === 'help' ? helpText() : listText()}\n`)
  return EXIT.done
}

async function runRequest(request: Request): Promise<number> {
  const { resolvePlans } = await import('./cli/resolve.ts')
  const plans = await resolvePlans(request)
  const { runSweep } = await import('./sweep.ts')
  const progress = new Progress(process.stderr, request.quiet, () => performance.now())
  const interrupt = new AbortController()
  process.on('SIGINT', () => interrupt.abort())
  const say = (line: string) => {
    progress.clear()
    if (!request.quiet) process.stdout.write(`${line}\n`)
  }
  try {
    const { results, resultPaths, chartPaths } = await runSweep(plans, {
      outFolder: request.out,
      keep: request.keep,
      force: request.force,
      signal: interrupt.signal,
      terminalWritten: () => progress.written,
      onProgress: (...place) => progress.update(...place),
      onReuse: (path) => say(`${relative('.', path)}: same configuration and code, reused`),
    })
    say(closingTable(results, process.stdout.isTTY === true))
    for (const path of [...resultPaths, ...chartPaths]) say(relative('.', path))
    return EXIT.done
  } finally {
    progress.clear()
  }
}

/** The one line for an error, and the exit code that goes with it. */
function explain(error: unknown): { readonly line: string; readonly code: number } {
  const message = error instanceof Error ? error.message : String(error)
  const [line = ''] = message.split('\n')
  if (error instanceof Interrupted) return { line: 'interrupted', code: EXIT.interrupted }
  if (error instanceof UsageError) return { line, code: EXIT.usage }
  if (isFullDisk(error)) return { line: `disk full: ${line}`, code: EXIT.failed }
  return { line, code: EXIT.failed }
}

function isFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'ENOSPC') return true
  if (isLsmError(error) && error.data.errno === 'ENOSPC') return true
  return isFullDisk(error.cause)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { line, code } = explain(error)
  process.stderr.write(`exp: ${line}\n`)
  const debug = process.argv.includes('--debug')
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = code
}
