/** Owns the context of runs that tests make: nothing is shown, kept or interrupted. */
import type { ExperimentContext } from '../../base/context.ts'

export function quietContext(outFolder: string): ExperimentContext {
  return {
    outFolder,
    keep: false,
    code: { commit: null, dirty: false, varveVersion: 'test' },
    signal: new AbortController().signal,
    terminalWritten: () => ({ bytes: 0, calls: 0 }),
    onProgress() {},
  }
}
