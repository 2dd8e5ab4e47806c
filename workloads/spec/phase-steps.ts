/**
 * Owns one phase of a spec. Each operation chooses a step by weight (weights may change over the
 * phase), then its key, then its sizes. In a phase with `oneDraw`, a single number determines all
 * of them, as in RocksDB's `MixGraph` (tools/db_bench_tool.cc).
 */

import type { AcknowledgedCounter } from '../distributions/acknowledged-counter.ts'
import { nextBelow } from '../distributions/uniform.ts'
import {
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  type Operation,
  type OperationKind,
} from '../operation.ts'
import { U64 } from '../u64.ts'
import type { SizeDistribution } from './distribution-schema.ts'
import { createKeyChooser, type KeyChooser, type QueueHead } from './key-chooser.ts'
import { createSizes, type SizeSource } from './sizes.ts'
import { type PhaseSpec, type Step, weightAt } from './spec-schema.ts'
import { planValue, type StreamParts, type StreamSteps, startOperation } from './spec-stream.ts'

export interface PhaseParts extends StreamParts {
  /** Size of the key space while no record exists. */
  readonly records: number
  readonly inserts: AcknowledgedCounter
  readonly queue: QueueHead
  readonly valueBytes: SizeDistribution
}

const DEFAULT_SCAN_LENGTH = 100

interface Plan {
  readonly step: Step
  readonly kind: OperationKind
  readonly keys: KeyChooser
  readonly takesOldest: boolean
  readonly scanLengths: SizeSource | null
  readonly valueBytes: SizeSource | null
}

/** A phase of `length` operations. It draws nothing before it starts. */
export function createPhase(phase: PhaseSpec, parts: PhaseParts, length: number): StreamSteps {
  const { random, inserts, queue } = parts
  const ramps = phase.steps.some(({ weight }) => typeof weight !== 'number')
  const weights = new Float64Array(phase.steps.length)
  const slot = new U64()
  let plans: readonly Plan[] = []
  const count = () => Math.max(1, inserts.lastValue() < 0 ? parts.records : inserts.lastValue() + 1)
  const setWeights = (progress: number) => {
    let sum = 0
    for (let i = 0; i < weights.length; i++) weights[i] = sum += weightAt(phase.steps[i]!, progress)
  }
  const draw = (operation: Operation, index: number) => {
    const progress = index / length
    if (ramps) setWeights(progress)
    const records = count()
    const whole = phase.oneDraw ? nextBelow(random, records, slot) : -1
    const plan = plans[chooseAt(weights, whole < 0 ? random.nextDouble() : permille(whole))]!
    const missing = plan.step.missing
    const uniform = whole / records
    startOperation(operation, parts, plan.kind, keyOf(plan, records, progress, whole), missing)
    if (plan.scanLengths !== null) {
      operation.scanLength = Math.max(1, sizeOf(plan.scanLengths, uniform))
    }
    if (plan.valueBytes !== null) planValue(operation, random, sizeOf(plan.valueBytes, uniform))
  }
  const keyOf = (plan: Plan, records: number, progress: number, whole: number) => {
    if (plan.kind === OPERATION_KIND.insert) return inserts.next()
    if (whole >= 0 && plan.keys.of !== null) return plan.keys.of(whole, records)
    const key = plan.keys.next(records, progress)
    if (plan.takesOldest && key === queue.head) queue.head++
    return key
  }
  return {
    begin() {
      plans = phase.steps.map((step) => planOf(step, phase, parts, count()))
      setWeights(0)
    },
    draw,
    acknowledge({ kind, keyNumber }) {
      if (kind === OPERATION_KIND.insert) inserts.acknowledge(keyNumber)
    },
  }
}

function planOf(step: Step, phase: PhaseSpec, parts: PhaseParts, records: number): Plan {
  const { random, queue } = parts
  const keys = step.keys ?? phase.keys
  const kind = OPERATION_KIND_NAMES.indexOf(step.operation) as OperationKind
  const writes =
    step.operation !== 'read' && step.operation !== 'scan' && step.operation !== 'delete'
  return {
    step,
    kind,
    keys: createKeyChooser(keys, random, records, queue),
    takesOldest: step.operation === 'delete' && keys.distribution === 'oldest',
    scanLengths:
      step.operation === 'scan'
        ? createSizes(step.scanLength ?? DEFAULT_SCAN_LENGTH, random)
        : null,
    valueBytes: writes ? createSizes(step.valueBytes ?? parts.valueBytes, random) : null,
  }
}

/** RocksDB's `QueryDecider` counts in thousandths of the whole number. */
function permille(whole: number): number {
  return (whole % 1000) / 1000
}

function sizeOf(sizes: SizeSource, uniform: number): number {
  return uniform < 0 || sizes.of === null ? sizes.next() : sizes.of(uniform)
}

/** The step whose share of the summed weights contains `uniform`. */
function chooseAt(sums: Float64Array, uniform: number): number {
  const last = sums.length - 1
  const point = uniform * sums[last]!
  let at = 0
  while (at < last && point >= sums[at]!) at++
  return at
}
