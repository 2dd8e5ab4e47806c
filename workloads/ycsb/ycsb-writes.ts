/**
 * Owns the description of the writes of YCSB's workloads (`write-shape.ts`). Keys are hashes of
 * record numbers unless inserts are ordered, so any set of records is spread evenly over the keys.
 */

import { ZIPFIAN_CONSTANT } from '../distributions/zipfian.ts'
import {
  insertPhase,
  type KeyPopularity,
  unknownWrites,
  type WritePhase,
  type WriteShape,
} from '../write-shape.ts'
import type { CoreProperties } from './core-properties.ts'

const KNOWN = 'it knows uniform, zipfian, hotspot, and without inserts latest and exponential'
/** "user" and a decimal number. */
const KEYS = { prefixBytes: 4, radix: 10 }

export interface YcsbSize {
  readonly records: number
  readonly operations: number
}

/** Throws `LSM_INVALID_ARGUMENT` if no description is right. */
export function ycsbWrites(
  name: string,
  core: CoreProperties,
  { records, operations }: YcsbSize,
  loadOnly: boolean,
): WriteShape {
  if (core.insertstart !== 0 || core.insertcount !== null) {
    throw unknownWrites(name, 'insertstart and insertcount', 'it loads all records')
  }
  const load = insertPhase('load', records)
  const phases = loadOnly ? [] : [runPhase(name, core, operations)]
  return { keys: KEYS, insertOrder: core.insertorder, records, load, phases }
}

function runPhase(name: string, core: CoreProperties, operations: number): WritePhase {
  const weights = {
    read: core.readproportion,
    update: core.updateproportion,
    insert: core.insertproportion,
    scan: core.scanproportion,
    'read-modify-write': core.readmodifywriteproportion,
  }
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  const shares = Object.fromEntries(
    Object.entries(weights)
      .filter(([, weight]) => weight > 0)
      .map(([kind, weight]) => [kind, weight / total]),
  )
  const chooses = weights.update + weights['read-modify-write'] > 0
  const { requestdistribution } = core
  return {
    name: 'run',
    operations,
    shares,
    popularity: chooses ? popularityOf(name, core) : { kind: 'uniform' },
    // Uniform and hotspot keep the records that were loaded (`core-workload.ts`).
    choosesInserted: requestdistribution === 'zipfian',
  }
}

function popularityOf(name: string, core: CoreProperties): KeyPopularity {
  const { requestdistribution, insertorder, insertproportion } = core
  const refuse = (what: string) => unknownWrites(name, what, KNOWN)
  const isScattered = requestdistribution === 'uniform' || requestdistribution === 'zipfian'
  if (insertorder === 'ordered' && insertproportion > 0) {
    throw refuse('insertorder=ordered with inserts among updates')
  }
  if (insertorder === 'ordered' && !isScattered) {
    throw refuse(`requestdistribution=${requestdistribution} with insertorder=ordered`)
  }
  const countsBack = requestdistribution === 'latest' || requestdistribution === 'exponential'
  if (countsBack && insertproportion > 0) {
    throw refuse(`requestdistribution=${requestdistribution} with inserts among updates`)
  }
  switch (requestdistribution) {
    case 'uniform':
      return { kind: 'uniform' }
    case 'zipfian':
      return { kind: 'hashed-zipfian' }
    case 'latest':
      return { kind: 'zipfian', theta: ZIPFIAN_CONSTANT, popular: 'last' }
    case 'hotspot': {
      const { hotspotdatafraction, hotspotopnfraction } = core
      return {
        kind: 'hotspot',
        records: hotspotdatafraction,
        operations: hotspotopnfraction,
        popular: 'first',
      }
    }
    case 'exponential': {
      const percentile = core['exponential.percentile']
      const records = core['exponential.frac']
      return { kind: 'exponential', percentile, records, popular: 'last' }
    }
    default:
      throw refuse(`requestdistribution=${requestdistribution}`)
  }
}
