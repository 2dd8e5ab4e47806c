/**
 * Owns the command `npm run trace`: operation streams as files. What a workload yields can be
 * compared with, and run on, systems of another make; what others recorded can be run here. Exit
 * codes: 0 done, 1 a failure, 2 a mistake in the arguments or a file that is not what it should be,
 * 128 + n ended by signal n; errors are one line on stderr.
 */

import { asUsage } from '../../base/usage-error.ts'
import { EXIT } from '../../cli/explain.ts'
import { runCommand } from '../../cli/run-command.ts'
import { hearSignals } from '../../cli/signals.ts'
import { runTrace } from './run-trace.ts'

async function main(argv: readonly string[]): Promise<number> {
  try {
    await runTrace(argv, hearSignals())
    return EXIT.done
  } catch (error) {
    throw asUsage(error)
  }
}

await runCommand('trace', main)
