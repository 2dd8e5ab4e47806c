/**
 * Owns the command `npm run trace`: operation streams as files. What a workload yields can be
 * compared with, and run on, systems of another make; what others recorded can be run here. Exit
 * codes: 0 done, 1 a failure, 2 a mistake in the arguments or a file that is not what it should be,
 * 130 interrupted; errors are one line on stderr.
 */
import { isLsmError } from '../engine/index.ts'
import { EXIT } from './cli/explain.ts'
import { tellError } from './cli/run-command.ts'
import { runTrace } from './trace/run-trace.ts'

/** A reader that has seen enough (`head`) is no failure. */
function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}

try {
  const interrupt = new AbortController()
  process.on('SIGINT', () => interrupt.abort())
  await runTrace(process.argv.slice(2), interrupt.signal)
} catch (error) {
  if (!isClosedPipe(error)) {
    const code = tellError('trace', error)
    process.exitCode = isLsmError(error, 'LSM_INVALID_ARGUMENT') ? EXIT.usage : code
  }
}
