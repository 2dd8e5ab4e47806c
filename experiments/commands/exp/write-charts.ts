/**
 * Owns the charts of a sweep: which are drawn, their file names, and when they are drawn.
 *
 * Charts are drawn in other processes (`chart.child.ts`), so that neither the memory nor the bytes
 * of the renderer count as a run's; a single chart is drawn here, when its run is over. While runs
 * go on, a chart is drawn only if that disturbs no time that is measured: see `mayDrawBeside`.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AnyResult } from '../../../results/identity.ts'
import { isPeerResult, type PeerResult } from '../../../results/peer-schema.ts'
import type { RunResult } from '../../../results/schema.ts'
import { hashOfJson } from '../../base/digest.ts'
import { Interrupted } from '../../base/interrupted.ts'
import { modulePath } from '../../base/module-path.ts'
import type { RunPlan } from '../../base/run-plan.ts'
import { Crew } from '../../machine/crew.ts'

/** What is drawn together, and its files without their endings. */
export interface ChartOrder {
  readonly group: readonly AnyResult[]
  readonly basePath: string
}

/** Each process that draws takes about 200 MB. */
const PROCESSES_MAX = 4
/** For a run with its garbage collector, for a chart, and for everything else. */
const CORES_MIN = 4

/**
 * Whether charts may be drawn while these runs go on, of which `jobs` are done at once: if none of
 * them is timed, or if one inline run leaves enough cores.
 */
export function mayDrawBeside(
  plans: readonly Pick<RunPlan, 'simulation' | 'config'>[],
  jobs: number,
  cores: number = availableParallelism(),
): boolean {
  if (jobs > 1 || plans.every(({ simulation }) => simulation !== null)) return cores > 1
  const isInline = plans.every(({ config }) => config.scheduling === undefined)
  return isInline && cores >= CORES_MIN
}

/** Close it after use. */
export class Charts {
  readonly #outFolder: string
  readonly #signal: AbortSignal
  readonly #crew = new Crew(
    modulePath(import.meta, 'chart.child'),
    Math.min(availableParallelism(), PROCESSES_MAX),
  )
  readonly #begun = new Map<AnyResult, Promise<readonly string[]>>()

  constructor(outFolder: string, signal: AbortSignal) {
    this.#outFolder = outFolder
    this.#signal = signal
  }

  /** Begins to draw the chart of one run, while others go on. */
  begin(result: AnyResult): void {
    if (isPeerResult(result)) return
    const drawn = this.#draw(this.#orderOf(result))
    // What fails is said by `finish`.
    drawn.catch(() => {})
    this.#begun.set(result, drawn)
  }

  /**
   * Draws one chart for each run of our engine, and one that compares all results if there are
   * several, peers included; returns the paths of all files. A chart that was begun is drawn again
   * if its result was judged again. Throws `Interrupted` on the signal.
   */
  async finish(
    results: readonly RunResult[],
    peers: readonly PeerResult[],
  ): Promise<readonly string[]> {
    const all = [...results, ...peers]
    if (all.length === 1 && results.length === 1) return this.#drawHere(this.#orderOf(results[0]!))
    // Of two drawings into the same files the later one must be the last.
    await Promise.allSettled(this.#begun.values())
    const drawn = results.map((result) => {
      return this.#begun.get(result) ?? this.#draw(this.#orderOf(result))
    })
    if (all.length > 1) drawn.push(this.#draw(this.#comparisonOf(all)))
    const settled = await Promise.allSettled(drawn)
    const paths: string[] = []
    for (const chart of settled) {
      if (chart.status === 'rejected') throw chart.reason
      paths.push(...chart.value)
    }
    return paths
  }

  async close(): Promise<void> {
    await this.#crew.close()
  }

  async #draw(order: ChartOrder): Promise<readonly string[]> {
    return (await this.#crew.perform<readonly string[]>(order, this.#signal)).outcome
  }

  async #drawHere({ group, basePath }: ChartOrder): Promise<readonly string[]> {
    // Loaded after the run, so that the run does not share memory with the renderer.
    const { chartFor } = await import('../../charts/chart-for.ts')
    const { writeChart } = await import('../../charts/render.ts')
    await nextTurn()
    if (this.#signal.aborted) throw new Interrupted('interrupted')
    return writeChart(chartFor(group), basePath)
  }

  #orderOf(result: RunResult): ChartOrder {
    return { group: [result], basePath: join(this.#outFolder, result.id) }
  }

  #comparisonOf(all: readonly AnyResult[]): ChartOrder {
    const workloads = [...new Set(all.map((result) => result.config.workload.name))]
    const hash = hashOfJson(all.map((result) => result.id)).slice(0, 8)
    const name = `${workloads.join('-')}-comparison-${hash}`
    return { group: all, basePath: join(this.#outFolder, name) }
  }
}
