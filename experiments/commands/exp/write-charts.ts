/** Owns the choice of charts after a sweep, and their file names. */
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AnyResult } from '../../../results/identity.ts'
import type { PeerResult } from '../../../results/peer-schema.ts'
import type { RunResult } from '../../../results/schema.ts'
import { hashOfJson } from '../../base/digest.ts'
import { Interrupted } from '../../base/interrupted.ts'

/**
 * Writes one chart for each run of our engine, and one that compares all results if there are
 * several, peers included; returns the paths of all files. Throws `Interrupted` on the signal.
 */
export async function writeCharts(
  results: readonly RunResult[],
  peers: readonly PeerResult[],
  outFolder: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Loaded after the runs, so that runs do not share memory with the renderer.
  const { chartFor } = await import('../../charts/chart-for.ts')
  const { writeChart } = await import('../../charts/render.ts')
  const paths: string[] = []
  const write = async (group: readonly AnyResult[], name: string) => {
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
    paths.push(...(await writeChart(chartFor(group), join(outFolder, name))))
  }
  for (const result of results) await write([result], result.id)
  const all = [...results, ...peers]
  if (all.length > 1) {
    const workloads = [...new Set(all.map((result) => result.config.workload.name))]
    const hash = hashOfJson(all.map((result) => result.id)).slice(0, 8)
    await write(all, `${workloads.join('-')}-comparison-${hash}`)
  }
  return paths
}
