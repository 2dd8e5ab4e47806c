/** Owns a single run of a suite, from the flags of `exp` to its result. */
import type { RunResult } from '../../results/schema.ts'
import { describeCode } from '../machine/environment.ts'
import { runExperiment } from '../run/experiment.ts'
import type { SuiteContext } from './suite.ts'

/**
 * Runs the one plan of our engine that `flags` ask for. `name` is shown while it runs; when it
 * begins, `done` of the suite's `total` runs have ended.
 */
export async function runFlags(
  { plansOf, outFolder, signal, onProgress }: SuiteContext,
  name: string,
  flags: readonly string[],
  { done, total }: { readonly done: number; readonly total: number },
): Promise<RunResult> {
  const { own } = await plansOf(flags)
  return runExperiment(own[0]!, {
    outFolder,
    signal,
    keep: false,
    code: describeCode(),
    onProgress: (phase, part, whole) =>
      onProgress(`${name}: ${phase}`, part, whole, (done + part / whole) / total),
    terminalWritten: () => ({ bytes: 0, calls: 0 }),
  })
}
