/**
 * Owns `varve tune --measure`: runs designs in the exact simulator and compares the measured costs
 * with the predicted ones, and the first of them, the choice, with the best measured one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Rated, TuningQuestion } from '../../../strategies/model/tuner.ts'
import { type ByOperation, meanCost, worstCase } from '../../../strategies/model/workload-cost.ts'
import {
  type MeasuredCosts,
  measureCosts,
  strategyOf,
} from '../../../strategies/simulator/measured-costs.ts'
import { Interrupted } from '../../base/interrupted.ts'
import { formatCount } from '../../base/units.ts'
import { Progress } from '../../cli/progress.ts'
import type { Look } from '../../cli/terminal.ts'
import { fitted } from '../../cli/text-lines.ts'
import { textTable } from '../../cli/text-table.ts'

export interface Measuring {
  readonly seed: number
  readonly signal: AbortSignal
  readonly isQuiet: boolean
}

export interface MeasuredDesigns {
  /** Entries of the simulated trees, at most as many as asked for. */
  readonly entries: number
  readonly seed: number
  /** The choice first, the others as predicted. */
  readonly designs: readonly MeasuredDesignCost[]
  /** Measured cost of the choice ÷ that of the best of `designs` − 1. */
  readonly regret: number
}

interface MeasuredDesignCost extends Pick<MeasuredCosts, 'ios' | 'spaceMost' | 'spacePeak'> {
  readonly name: string
  /** By worst case if ρ > 0. */
  readonly predicted: number
  readonly measured: number
  readonly writeAmplification: number
  /** Whether it was updated long enough to be steady. */
  readonly isSteady: boolean
}

/** A larger tree of the same shape costs the same, and takes more time. */
const ENTRIES_MAX = 32_768
/** With fewer entries a memtable's size varies too much. */
const MEMTABLE_ENTRIES_MIN = 32

/** `designs`: the choice first. Throws `Interrupted`. */
export async function measureDesigns(
  designs: readonly Rated[],
  question: TuningQuestion,
  { seed, signal, isQuiet }: Measuring,
): Promise<MeasuredDesigns> {
  const { workload, environment, rho } = question
  const { entries, entryBytes } = environment
  const buffersOf = ({ memtableBytes }: Rated) => (entries * entryBytes) / memtableBytes
  const buffersMost = Math.max(...designs.map(buffersOf))
  const simulated = Math.min(
    entries,
    Math.max(ENTRIES_MAX, Math.ceil(buffersMost * MEMTABLE_ENTRIES_MIN)),
  )
  const costOf = (ios: ByOperation) =>
    rho > 0 ? worstCase(workload, ios, rho).cost : meanCost(workload, ios)
  const progress = new Progress(process.stderr, isQuiet, () => performance.now())
  const measured: MeasuredDesignCost[] = []
  try {
    for (const [index, design] of designs.entries()) {
      const name = nameOf(design)
      progress.running(name)
      const run = measureCosts(
        { strategy: strategyOf(design, environment.filters), buffers: buffersOf(design) },
        { ...environment, entries: simulated },
        seed,
      )
      let step = run.next()
      while (step.done !== true) {
        progress.update(name, index, designs.length, (index + step.value) / designs.length)
        await nextTurn()
        if (signal.aborted) throw new Interrupted('interrupted')
        step = run.next()
      }
      const { ios, spaceMost, spacePeak, writeAmplification, isWhole } = step.value
      measured.push({
        name,
        predicted: costOf(design.ios),
        measured: costOf(ios),
        ios,
        writeAmplification,
        spaceMost,
        spacePeak,
        isSteady: isWhole,
      })
    }
    progress.running(null)
  } finally {
    progress.clear()
  }
  const least = Math.min(...measured.map((design) => design.measured))
  const regret = measured[0]!.measured / least - 1
  return { entries: simulated, seed, designs: measured, regret }
}

export function measuredText({ entries, seed, designs, regret }: MeasuredDesigns, look: Look) {
  const head = ['design', 'predicted', 'measured', 'off by', 'WA', 'space', 'peak']
  const rows = designs.map((design) => [
    design.isSteady ? design.name : `${design.name} *`,
    design.predicted.toPrecision(4),
    design.measured.toPrecision(4),
    percent(design.predicted / design.measured - 1),
    design.writeAmplification.toFixed(2),
    design.spaceMost.toFixed(2),
    design.spacePeak.toFixed(2),
  ])
  const best = designs.reduce((a, b) => (b.measured < a.measured ? b : a))
  const verdict =
    best === designs[0]
      ? 'The choice is the best of them.'
      : `The choice costs ${percent(regret)} more than the best of them, ${best.name}.`
  const notes = designs.some(({ isSteady }) => !isSteady)
    ? ' *: still not steady after 64 updates of each entry.'
    : ''
  const title = `Measured in the exact simulator (${formatCount(entries)} entries, seed ${seed})`
  const table = textTable({ head, rows, names: 1, compact: true }, look)
  return `${title}\n${table}\n${fitted(`${verdict}${notes}`, look)}`
}

function nameOf({ strategy, point: { T, K, Z }, bitsPerEntry }: Rated): string {
  const runs = strategy === 'fluid' ? ` K=${K} Z=${Z}` : ''
  return `${strategy} T=${T}${runs}, ${bitsPerEntry.toFixed(1)} bits`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
