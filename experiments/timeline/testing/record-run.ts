/** Owns recorded runs for tests: a real run in memory, with every edit of its tree. */
import { readFileSync } from 'node:fs'
import { parseResult } from '../../../results/parse-result.ts'
import { parseVersionLog, versionsPath } from '../../base/version-log.ts'
import { parseCommand } from '../../cli/request.ts'
import { resolvePlans } from '../../cli/resolve.ts'
import { runSweep } from '../../run/sweep.ts'
import type { RecordedRun } from '../timeline-data.ts'

export interface RecordedFiles extends RecordedRun {
  /** Path of the result; its versions lie beside it. */
  readonly path: string
}

/** Runs `npm run exp` with these flags into `outFolder`. */
export async function recordRun(
  outFolder: string,
  ...flags: readonly string[]
): Promise<RecordedFiles> {
  const command = parseCommand(flags)
  if (command.kind !== 'run') throw new Error(`${command.kind} is not a run`)
  const { resultPaths } = await runSweep(await resolvePlans(command.request), {
    outFolder,
    versions: true,
    keep: false,
    force: false,
    signal: new AbortController().signal,
    terminalWritten: () => ({ bytes: 0, calls: 0 }),
    onProgress() {},
    onReuse() {},
  })
  const path = resultPaths[0]!
  const log = versionsPath(path)
  return {
    path,
    result: parseResult(readFileSync(path, 'utf8'), path),
    events: parseVersionLog(readFileSync(log, 'utf8'), log),
  }
}
