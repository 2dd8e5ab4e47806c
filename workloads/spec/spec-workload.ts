/**
 * Makes streams from a spec: the load in its order, then phase after phase. All draw from one
 * random stream, so that a spec, a size and a seed give the same operations everywhere.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
import { AcknowledgedCounter } from '../distributions/acknowledged-counter.ts'
import { Permutation } from '../distributions/permutation.ts'
import { nextBelow } from '../distributions/uniform.ts'
import { JavaRandom } from '../java-random.ts'
import { OPERATION_KIND, type OperationStream, type Workload } from '../operation.ts'
import { U64 } from '../u64.ts'
import { KeyFormat } from './key-format.ts'
import { nearSortedOrder } from './near-sorted.ts'
import { Payload } from './payload.ts'
import { createPhase, type PhaseParts } from './phase-steps.ts'
import { createSizes } from './sizes.ts'
import type { LoadOrder, PhaseSpec, WorkloadSpec } from './spec-schema.ts'
import { planValue, SpecStream, type StreamSteps, startOperation } from './spec-stream.ts'

export interface SpecSize {
  /** Records of the load, 1 … 2^31 − 1. Without a load, the size of the key space. */
  readonly records: number
  /** Number of operations that the phases with a share divide. */
  readonly operations: number
}

/** Throws `LSM_INVALID_ARGUMENT` if the keys of that many records would not fit their parts. */
export function createSpecWorkload(
  spec: WorkloadSpec,
  size: SpecSize,
  seed: number,
): Pick<Workload, 'load' | 'phases'> {
  const lengths = phaseLengths(spec.phases, size)
  const inserts = spec.phases.reduce(
    (sum, { steps }, at) =>
      steps.some(({ operation }) => operation === 'insert') ? sum + lengths[at]! : sum,
    0,
  )
  const random = new JavaRandom(seed)
  const loaded = spec.load === null ? 0 : size.records
  const parts: PhaseParts = {
    random,
    format: new KeyFormat(spec.keys, size.records + inserts),
    payload: new Payload(spec.values.compressionRatio),
    records: size.records,
    inserts: new AcknowledgedCounter(loaded),
    queue: { head: 0 },
    valueBytes: spec.values.bytes,
  }
  const order = spec.load?.order ?? 'ascending'
  const steps = loadSteps(parts, order, loaded)
  const load = new SpecStream(parts.payload, loaded, steps, null)
  let before: OperationStream = load
  const phases = spec.phases.map((phase, at) => {
    const stream = new SpecStream(
      parts.payload,
      lengths[at]!,
      createPhase(phase, parts, lengths[at]!),
      before,
    )
    before = stream
    const { name, sineRate } = phase
    return sineRate === undefined ? { name, stream } : { name, stream, sineRate }
  })
  return { load, phases }
}

/** Number of operations of each phase. The shares divide the whole number without a remainder. */
export function phaseLengths(phases: readonly PhaseSpec[], size: SpecSize): number[] {
  const shareOf = ({ share, operations, perRecord }: PhaseSpec) =>
    operations !== undefined || perRecord !== undefined ? 0 : (share ?? 1)
  const total = phases.reduce((sum, phase) => sum + shareOf(phase), 0)
  let shares = 0
  return phases.map((phase) => {
    if (phase.operations !== undefined) return phase.operations
    if (phase.perRecord !== undefined) return Math.round(phase.perRecord * size.records)
    const before = Math.round((shares / total) * size.operations)
    shares += shareOf(phase)
    return Math.round((shares / total) * size.operations) - before
  })
}

function loadSteps(parts: PhaseParts, order: LoadOrder, records: number): StreamSteps {
  const { random } = parts
  const sizes = createSizes(parts.valueBytes, random)
  let numberAt: (index: number) => number = (index) => index
  return {
    begin() {
      if (records > 0) numberAt = orderOf(order, random, records)
    },
    draw(operation, index) {
      startOperation(operation, parts, OPERATION_KIND.insert, numberAt(index), false)
      planValue(operation, random, sizes.next())
    },
    acknowledge() {},
  }
}

function orderOf(order: LoadOrder, random: JavaRandom, records: number) {
  if (typeof order === 'object') {
    if (records >= 2 ** 31) throw invalidArgument(`a near-sorted order of ${records}`, { records })
    const places = nearSortedOrder(random, records, order)
    return (index: number) => places[index]!
  }
  switch (order) {
    case 'ascending':
      return (index: number) => index
    case 'descending':
      return (index: number) => records - 1 - index
    case 'shuffled': {
      const places = new Permutation(random, records)
      return (index: number) => places.at(index)
    }
    case 'random': {
      const slot = new U64()
      return () => nextBelow(random, records, slot)
    }
  }
}
