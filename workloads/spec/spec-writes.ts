/**
 * Owns the description of the writes of specs (`write-shape.ts`), and so of all presets but YCSB's.
 * Where keys are not hashes, the popular records of most distributions are neighbours. They are not
 * spread evenly over the keys, so they have no description.
 */

import { JavaRandom } from '../java-random.ts'
import {
  insertPhase,
  type KeyPopularity,
  unknownWrites,
  type WritePhase,
  type WriteShape,
} from '../write-shape.ts'
import type { KeyDistribution, SizeDistribution } from './distribution-schema.ts'
import { createSizes } from './sizes.ts'
import type { PhaseSpec, Step, WorkloadSpec } from './spec-schema.ts'
import { phaseLengths, type SpecSize } from './spec-workload.ts'

const KNOWN =
  'it knows uniform and scrambled; with hashed keys and without inserts, zipfian, hotspot, latest ' +
  'and exponential; to fill an empty store, sequential and shuffled'

const RADIX = { decimal: 10, hex: 16, binary: 256 } as const

interface KeyFacts {
  readonly isHashed: boolean
  /** Whether records are loaded by their numbers. */
  readonly inOrder: boolean
}

/** Throws `LSM_INVALID_ARGUMENT` if no description is right. */
export function specWrites(name: string, spec: WorkloadSpec, size: SpecSize): WriteShape {
  const isHashed = spec.keys.parts.some(({ order }) => order === 'hashed')
  const lengths = phaseLengths(spec.phases, size)
  const order = spec.load?.order ?? 'ascending'
  checkSizes(name, spec)
  const load = spec.load === null ? null : loadPhase(name, order, isHashed, size.records)
  let insertsInOrder = !isHashed && order === 'ascending' && load !== null
  const phases = spec.phases.map((phase, at) => {
    const fill = load === null && at === 0 ? fillOf(phase, lengths[at]!, size.records) : null
    if (fill === null)
      return runPhase(name, phase, lengths[at]!, { isHashed, inOrder: order === 'ascending' })
    insertsInOrder ||= !isHashed && fill === 'sequential'
    return insertPhase(phase.name, lengths[at]!)
  })
  return {
    keys: keysOf(spec.keys, isHashed, size.records),
    insertOrder: insertsInOrder ? 'ordered' : 'hashed',
    records: size.records,
    load,
    phases,
  }
}

function loadPhase(
  name: string,
  order: NonNullable<WorkloadSpec['load']>['order'],
  isHashed: boolean,
  records: number,
): WritePhase {
  const phase = insertPhase('load', records)
  // With replacement: each write chooses from all records.
  if (order === 'random') return { ...phase, shares: { update: 1 } }
  if (isHashed || order === 'ascending' || order === 'shuffled') return phase
  const what = typeof order === 'string' ? `load order ${order}` : 'a near-sorted load order'
  throw unknownWrites(name, what, 'it knows ascending, shuffled and random')
}

/** All values are taken to have the mean size. */
function checkSizes(name: string, { values, phases }: WorkloadSpec): void {
  const mean = meanSize(values.bytes)
  for (const { valueBytes } of phases.flatMap(({ steps }) => steps)) {
    const other = valueBytes === undefined ? mean : meanSize(valueBytes)
    if (Math.abs(other - mean) <= SIZE_SHARE_MAX * mean) continue
    const what = `values of ${Math.round(mean)} and of ${Math.round(other)} bytes`
    throw unknownWrites(name, what, 'it takes one mean size; --value-bytes sets it')
  }
}

/** Mean sizes that differ by less than this share count as one. */
const SIZE_SHARE_MAX = 0.01
const SAMPLES = 10_000

function meanSize(size: SizeDistribution): number {
  if (typeof size === 'number') return size
  const sizes = createSizes(size, new JavaRandom(1))
  let sum = 0
  for (let count = 0; count < SAMPLES; count++) sum += sizes.next()
  return sum / SAMPLES
}

/** The distribution of a phase that writes each record once into an empty store; else null. */
function fillOf({ steps, keys }: PhaseSpec, operations: number, records: number) {
  const [step, ...others] = steps
  if (others.length > 0 || step!.operation !== 'update' || operations > records) return null
  const { distribution } = step!.keys ?? keys
  return distribution === 'sequential' || distribution === 'shuffled' ? distribution : null
}

function runPhase(name: string, phase: PhaseSpec, operations: number, facts: KeyFacts): WritePhase {
  const weightOf = ({ weight }: Step) => {
    if (typeof weight === 'number') return weight
    throw unknownWrites(name, 'a weight that changes during a phase', 'it takes constant weights')
  }
  const total = phase.steps.reduce((sum, step) => sum + weightOf(step), 0)
  const shares: Record<string, number> = {}
  for (const step of phase.steps) {
    const share = weightOf(step) / total
    if (share > 0) shares[step.operation] = (shares[step.operation] ?? 0) + share
  }
  const choosing = phase.steps.filter((step) => {
    return CHOOSES.includes(step.operation) && weightOf(step) > 0
  })
  const given = [...new Set(choosing.map(({ keys }) => JSON.stringify(keys ?? phase.keys)))]
  if (given.length > 1) {
    throw unknownWrites(name, 'two distributions of keys in a phase', 'it takes one')
  }
  const keys = given.length === 0 ? UNIFORM : (JSON.parse(given[0]!) as KeyDistribution)
  const popularity = popularityOf(name, keys, facts, (shares.insert ?? 0) > 0)
  const choosesInserted = keys.distribution !== 'scrambled'
  return { name: phase.name, operations, shares, popularity, choosesInserted }
}

const CHOOSES: readonly string[] = ['update', 'read-modify-write', 'delete']
const UNIFORM: KeyDistribution = { distribution: 'uniform' }

function popularityOf(
  name: string,
  keys: KeyDistribution,
  { isHashed, inOrder }: KeyFacts,
  inserts: boolean,
): KeyPopularity {
  const refuse = (what: string) => unknownWrites(name, what, KNOWN)
  const { distribution } = keys
  if ('drift' in keys && keys.drift !== 0) throw refuse('popular keys that drift')
  if (distribution === 'uniform') return { kind: 'uniform' }
  if (distribution === 'scrambled') return { kind: 'zipfian', theta: keys.theta, popular: 'any' }
  if (!isHashed) throw refuse(`${distribution} where neighbouring records have neighbouring keys`)
  // Inserts change which records are the newest, the least popular, or in a share of all.
  if (inserts) throw refuse(`${distribution} with inserts`)
  switch (distribution) {
    case 'zipfian':
      return { kind: 'zipfian', theta: keys.theta, popular: inOrder ? 'first' : 'any' }
    case 'latest':
      return { kind: 'zipfian', theta: keys.theta, popular: inOrder ? 'last' : 'any' }
    case 'hotspot':
      return {
        kind: 'hotspot',
        records: keys.dataFraction,
        operations: keys.operationFraction,
        popular: inOrder ? 'first' : 'any',
      }
    case 'exponential':
      return {
        kind: 'exponential',
        percentile: keys.percentile,
        records: keys.fraction,
        popular: inOrder ? 'last' : 'any',
      }
    default:
      throw refuse(distribution)
  }
}

/** Leading zeros of record numbers belong to the prefix. */
function keysOf(
  { prefix, parts }: WorkloadSpec['keys'],
  isHashed: boolean,
  records: number,
): WriteShape['keys'] {
  const prefixBytes = new TextEncoder().encode(prefix).length
  const { encoding, width, count = records } = parts[0]!
  const radix = RADIX[encoding]
  if (isHashed) return { prefixBytes, radix }
  const digits = Math.log(Math.max(count, 1)) / Math.log(radix)
  return { prefixBytes: prefixBytes + Math.max(width - digits, 0), radix }
}
