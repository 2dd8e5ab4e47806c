/**
 * Owns YCSB's core workload: the order in which its client draws random numbers, from the
 * construction of the generators through the load to every operation of the run (YCSB 0.17.0
 * `CoreWorkload.java`, one client thread).
 *
 * Invariant: with YCSB's seed the operations are YCSB's, byte for byte (`traces/ycsb-text.ts`).
 */

import { assert } from '../../engine/base/assert.ts'
import { invalidArgument } from '../../engine/base/errors.ts'
import { RECORDS_MAX } from '../definition.ts'
import { AcknowledgedCounter } from '../distributions/acknowledged-counter.ts'
import { Constant } from '../distributions/constant.ts'
import { Counter } from '../distributions/counter.ts'
import { type Choice, Discrete } from '../distributions/discrete.ts'
import { Exponential } from '../distributions/exponential.ts'
import { Histogram, parseHistogram } from '../distributions/histogram.ts'
import { Hotspot } from '../distributions/hotspot.ts'
import type { NumberGenerator } from '../distributions/number-generator.ts'
import { ScrambledZipfian } from '../distributions/scrambled-zipfian.ts'
import { Sequential } from '../distributions/sequential.ts'
import { SkewedLatest } from '../distributions/skewed-latest.ts'
import { Uniform } from '../distributions/uniform.ts'
import { Zipfian } from '../distributions/zipfian.ts'
import { JavaRandom } from '../java-random.ts'
import {
  ALL_FIELDS,
  OPERATION_KIND,
  type Operation,
  type OperationKind,
  type OperationStream,
} from '../operation.ts'
import type { CoreProperties } from './core-properties.ts'
import { KeyNames } from './key-names.ts'
import { type PhaseSteps, PhaseStream } from './phase-stream.ts'
import { RecordValues } from './record-values.ts'

const JAVA_INT_MAX = 2 ** 31 - 1

export interface CoreSize {
  /** Records loaded, 1 … RECORDS_MAX. */
  readonly records: number
  /** Operations of the run phase. */
  readonly operations: number
}

export interface CoreOptions {
  /** The seed of the thread's random numbers. */
  readonly seed: number
  /**
   * Values are the bytes of one field, without a record around them, and updates are blind puts.
   */
  readonly bare: boolean
}

/**
 * The two phases. The load acknowledges nothing: its records count as existing when the run starts.
 */
export function createCoreWorkload(
  core: CoreProperties,
  size: CoreSize,
  options: CoreOptions,
): { readonly load: OperationStream; readonly run: OperationStream } {
  assert(size.records >= 1 && size.records <= RECORDS_MAX, `${size.records} records`)
  checkInserts(core, size.records)
  const random = new JavaRandom(options.seed)
  // YCSB constructs these in this order, and some constructors draw.
  const fieldLengths = fieldLengthGenerator(core, random)
  const operationKinds = operationChooser(core, random)
  const inserts = new AcknowledgedCounter(size.records)
  const keys = keyChooser(core, size, random, inserts)
  const fields = new Uniform(random, 0, core.fieldcount - 1)
  const scanLengths = scanLengthGenerator(core, random)

  const fieldNames = Array.from({ length: core.fieldcount }, (_, i) => core.fieldnameprefix + i)
  const { bare } = options
  const values = new RecordValues(random, fieldNames, fieldLengths, bare, core.dataintegrity)
  const names = new KeyNames(core.insertorder === 'ordered', core.zeropadding)
  const loaded = core.insertcount ?? size.records
  const load = new PhaseStream(values, loaded, loadSteps(core, names, values), null)
  const parts = { operationKinds, inserts, keys, fields, scanLengths, values, names }
  return { load, run: new PhaseStream(values, size.operations, runSteps(core, parts), load) }
}

/** YCSB ends with "Invalid combination of insertstart, insertcount and recordcount". */
function checkInserts({ insertstart, insertcount }: CoreProperties, records: number): void {
  const count = insertcount ?? records - insertstart
  if (count >= 1 && insertstart + count <= records) return
  throw invalidArgument(
    `insertstart=${insertstart} and insertcount=${count} go beyond recordcount=${records}`,
    { insertstart, insertcount: count, records },
  )
}

function loadSteps(core: CoreProperties, names: KeyNames, values: RecordValues): PhaseSteps {
  const keys = new Counter(core.insertstart)
  return {
    draw(operation) {
      begin(operation, OPERATION_KIND.insert)
      names.assign(operation, keys.next())
      values.planRecord(operation)
    },
    acknowledge() {},
  }
}

interface RunParts {
  readonly operationKinds: NumberGenerator
  readonly inserts: AcknowledgedCounter
  readonly keys: NumberGenerator
  readonly fields: NumberGenerator
  readonly scanLengths: NumberGenerator
  readonly values: RecordValues
  readonly names: KeyNames
}

/**
 * One operation of the run: its kind, its key, then the fields that the kind needs, in YCSB's
 * order.
 */
function runSteps(core: CoreProperties, parts: RunParts): PhaseSteps {
  const { operationKinds, inserts, keys, fields, scanLengths, values, names } = parts
  const countsBack = core.requestdistribution === 'exponential'
  const nextKey = () => {
    let key: number
    if (countsBack) {
      do key = inserts.lastValue() - Math.trunc(keys.next())
      while (key < 0)
    } else {
      do key = keys.next()
      while (key > inserts.lastValue())
    }
    return key
  }
  const chooseReadField = (operation: Operation) => {
    if (!core.readallfields) operation.readFieldIndex = fields.next()
  }
  const planUpdate = (operation: Operation) => {
    if (core.writeallfields) values.planRecord(operation)
    else values.planField(operation, fields.next())
  }
  const draw = (operation: Operation) => {
    const kind = operationKinds.next() as OperationKind
    begin(operation, kind)
    names.assign(operation, kind === OPERATION_KIND.insert ? inserts.next() : nextKey())
    switch (kind) {
      case OPERATION_KIND.read:
        chooseReadField(operation)
        break
      case OPERATION_KIND.update:
        planUpdate(operation)
        break
      case OPERATION_KIND.insert:
        values.planRecord(operation)
        break
      case OPERATION_KIND.scan:
        operation.scanLength = scanLengths.next()
        chooseReadField(operation)
        break
      default:
        chooseReadField(operation)
        planUpdate(operation)
    }
  }
  return {
    draw,
    acknowledge(operation) {
      if (operation.kind === OPERATION_KIND.insert) inserts.acknowledge(operation.keyNumber)
    },
  }
}

function begin(operation: Operation, kind: OperationKind): void {
  operation.kind = kind
  operation.scanLength = 0
  operation.fieldIndex = ALL_FIELDS
  operation.readFieldIndex = ALL_FIELDS
  operation.valueLength = 0
}

function fieldLengthGenerator(core: CoreProperties, random: JavaRandom): NumberGenerator {
  switch (core.fieldlengthdistribution) {
    case 'constant':
      return new Constant(core.fieldlength)
    case 'uniform':
      return new Uniform(random, core.minfieldlength, core.fieldlength)
    case 'zipfian':
      return new Zipfian(random, core.minfieldlength, core.fieldlength)
    case 'histogram':
      return new Histogram(random, parseHistogram(core.fieldlengthhistogram))
  }
}

/** Kinds with proportion 0 are left out. The order is YCSB's. */
function operationChooser(core: CoreProperties, random: JavaRandom): Discrete {
  const choices: Choice[] = [
    { weight: core.readproportion, value: OPERATION_KIND.read },
    { weight: core.updateproportion, value: OPERATION_KIND.update },
    { weight: core.insertproportion, value: OPERATION_KIND.insert },
    { weight: core.scanproportion, value: OPERATION_KIND.scan },
    { weight: core.readmodifywriteproportion, value: OPERATION_KIND.readModifyWrite },
  ]
  return new Discrete(
    random,
    choices.filter(({ weight }) => weight > 0),
  )
}

function keyChooser(
  core: CoreProperties,
  { records, operations }: CoreSize,
  random: JavaRandom,
  inserts: AcknowledgedCounter,
): NumberGenerator {
  const first = core.insertstart
  const count = core.insertcount ?? records - first
  const last = first + count - 1
  switch (core.requestdistribution) {
    case 'uniform':
      return new Uniform(random, first, last)
    case 'zipfian':
      // Room for twice the expected inserts, so that the popular keys stay the same while the table
      // grows. Keys that do not exist yet are drawn again. The upper end is inclusive, one key too
      // many, as in YCSB.
      return new ScrambledZipfian(random, first, last + 1 + expectedInserts(core, operations))
    case 'latest':
      return new SkewedLatest(random, inserts)
    case 'hotspot':
      return new Hotspot(random, first, last, core.hotspotdatafraction, core.hotspotopnfraction)
    case 'exponential':
      return new Exponential(
        random,
        core['exponential.percentile'],
        records * core['exponential.frac'],
      )
    case 'sequential':
      return new Sequential(first, last)
  }
}

/** Twice the number of inserts by the proportion, as a Java int. */
function expectedInserts(core: CoreProperties, operations: number): number {
  return Math.min(Math.trunc(operations * core.insertproportion * 2), JAVA_INT_MAX)
}

function scanLengthGenerator(core: CoreProperties, random: JavaRandom): NumberGenerator {
  return core.scanlengthdistribution === 'uniform'
    ? new Uniform(random, core.minscanlength, core.maxscanlength)
    : new Zipfian(random, core.minscanlength, core.maxscanlength)
}
