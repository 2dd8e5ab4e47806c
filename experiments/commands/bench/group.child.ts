/**
 * Owns the process of a group: one task, given as JSON in its first argument, on one store. The
 * last line that it prints is the outcome, as JSON, or its error.
 */
import { explain } from '../../cli/explain.ts'
import { hearSignals } from '../../cli/signals.ts'
import { runGroup } from './run-group.ts'

const signal = hearSignals()
// No operation of a store can be interrupted, and nothing that it leaves is kept.
signal.addEventListener('abort', () => process.exit(1))

try {
  const outcome = await runGroup(JSON.parse(process.argv[2]!), signal)
  // A pipe takes the line before the call returns.
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
  if (outcome.endsInCrash === true) process.kill(process.pid, 'SIGKILL')
} catch (error) {
  const { line, code } = explain(error)
  process.stdout.write(`${line}\n`)
  process.exitCode = code
}
