/** Owns which stores can run here: libraries that load, and db_bench on the path. */
import type { RacedEngine } from '../../../results/race-schema.ts'
import { UsageError } from '../../base/usage-error.ts'
import { note } from '../../cli/run-command.ts'
import { callsOf } from '../../targets/peers/calls/catalog.ts'
import { runDbBench } from '../../targets/peers/db-bench-peer.ts'

/**
 * Those of `engines` that are installed. A missing one is left out with a note, or, if it was asked
 * for by name, throws `UsageError`.
 */
export async function presentEngines(
  engines: readonly RacedEngine[],
  isByName: boolean,
  signal: AbortSignal,
): Promise<readonly RacedEngine[]> {
  const present: RacedEngine[] = []
  for (const engine of engines) {
    try {
      await versionOf(engine, signal)
      present.push(engine)
    } catch (error) {
      if (isByName || !(error instanceof UsageError)) throw error
      note(`left out ${engine}: ${error.message.replace(/^--target=\S+ /, '')}`)
    }
  }
  return present
}

/** Name and version of the store. Throws `UsageError` if it is missing. */
export async function versionOf(engine: RacedEngine, signal: AbortSignal): Promise<string> {
  if (engine !== 'db_bench') return (await callsOf(engine)).version()
  const version = await runDbBench(['--version'], signal)
  return `RocksDB ${/[\d.]+/.exec(version)?.[0]}, db_bench`
}
