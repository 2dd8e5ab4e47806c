/**
 * Owns the reference data of YCSB 0.17.0 on OpenJDK 17: digests of sequences and traces that YCSB's
 * unmodified code printed with the thread's seed set to 42. Invariant: every digest was computed
 * from YCSB's output, none from ours.
 */

import { createHash } from 'node:crypto'
import { WORKLOADS } from '../catalog.ts'
import { Counter } from '../distributions/counter.ts'
import { Hotspot } from '../distributions/hotspot.ts'
import type { NumberGenerator } from '../distributions/number-generator.ts'
import { ScrambledZipfian } from '../distributions/scrambled-zipfian.ts'
import { SkewedLatest } from '../distributions/skewed-latest.ts'
import { Uniform } from '../distributions/uniform.ts'
import { Zipfian } from '../distributions/zipfian.ts'
import { JavaRandom } from '../java-random.ts'
import type { Workload } from '../operation.ts'

export const REFERENCE_SEED = 42

export interface ReferenceSequence {
  readonly name: string
  make(random: JavaRandom): NumberGenerator
  /** The first values, to show where a sequence starts to differ. */
  readonly first: readonly number[]
  /** Of 100,000 values, one per line. */
  readonly sha256: string
}

/** Over 1000 items. The seed is set after construction. */
export const REFERENCE_SEQUENCES: readonly ReferenceSequence[] = [
  {
    name: 'uniform',
    make: (random) => new Uniform(random, 0, 999),
    first: [986, 860, 40, 708, 827, 984, 248, 649],
    sha256: '6676734e28ab4bf18cbb6acbe7050aa4a7c546bc0c574ebcd2c97e635dc988de',
  },
  {
    name: 'zipfian',
    make: (random) => new Zipfian(random, 0, 999),
    first: [402, 41, 65, 239, 4, 13, 1, 238],
    sha256: 'e534d4382ed61bdff1003677cc8e690309d570aea7ce9e79f4a688a14398cddd',
  },
  {
    name: 'scrambled',
    make: (random) => new ScrambledZipfian(random, 0, 999),
    first: [654, 78, 781, 127, 355, 479, 490, 524],
    sha256: 'ed1626c7760a4f5005cf5fb57b3b5fd684161fbcd2b20594b1f53df80f7643c0',
  },
  {
    name: 'latest',
    make: (random) => new SkewedLatest(random, new Counter(1000)),
    first: [598, 958, 934, 760, 995, 986, 998, 761],
    sha256: '1a41f6b2d1b1c2fec984977a64d3007a90acfb3e597fb00661325c61697304ac',
  },
  {
    name: 'hotspot',
    make: (random) => new Hotspot(random, 0, 999, 0.2, 0.8),
    first: [640, 184, 550, 43, 52, 2, 157, 32],
    sha256: 'c7fbd32eee69102123717df04a060573f4c13b044aa14f70f9bdce7871c8872e',
  },
]

/** The generator in the state in which its reference sequence starts. */
export function startSequence<Generator>(make: (random: JavaRandom) => Generator): Generator {
  const random = new JavaRandom(0)
  const generator = make(random)
  random.moveTo(0, REFERENCE_SEED)
  return generator
}

export interface ReferenceTrace {
  readonly workload: string
  readonly params: Readonly<Record<string, unknown>>
  readonly records: number
  readonly operations: number
  /** Of the whole text: properties, `# LOAD`, `# RUN`. */
  readonly sha256: string
}

const core = { params: {}, records: 1000, operations: 10_000 }
const odd = { workload: 'ycsb-a', records: 500, operations: 2000 }

export const REFERENCE_TRACES: readonly ReferenceTrace[] = [
  {
    workload: 'ycsb-a',
    ...core,
    sha256: '3f63e5ed8a88995be9409667cb44d8955e47d4f2a412264aee7ff36c5fb38705',
  },
  {
    workload: 'ycsb-b',
    ...core,
    sha256: '303efb5edd7e625c0e270504aba412fb86e9868e8589c359a3b23f39551efb47',
  },
  {
    workload: 'ycsb-c',
    ...core,
    sha256: '77a67fd6b155957cbfe01adfd04daae50f5a71d0279421ee861b322372e5cef2',
  },
  {
    workload: 'ycsb-d',
    ...core,
    sha256: '049087f072defe8d1389e7df7fbe37630cbe3dd9e568a873dbc8b2628299f3cc',
  },
  {
    workload: 'ycsb-e',
    ...core,
    sha256: '6216610fce5b738f7fef85ecaeb4f217b6c595556d764e9870252a84b4238c9f',
  },
  {
    workload: 'ycsb-f',
    ...core,
    sha256: 'c7fe1965703fde7035f153b4724e5e4b599c347b1eb8a233d3856aec90d51993',
  },
  {
    ...odd,
    params: {
      readproportion: 0.3,
      updateproportion: 0.1,
      insertproportion: 0.2,
      scanproportion: 0.2,
      readmodifywriteproportion: 0.2,
      readallfields: false,
      requestdistribution: 'exponential',
      fieldlengthdistribution: 'zipfian',
      fieldlength: 33,
      insertorder: 'ordered',
      zeropadding: 12,
    },
    sha256: '7cb7771944d1a0a5952f2413a7c10eee689018e1991be21e4af3ea442cf86bf9',
  },
  {
    ...odd,
    params: {
      readproportion: 0.3,
      updateproportion: 0.3,
      insertproportion: 0.1,
      readmodifywriteproportion: 0.3,
      requestdistribution: 'hotspot',
      writeallfields: true,
      fieldcount: 26,
      fieldlength: 7,
      fieldnameprefix: 'column',
    },
    sha256: '795dfb592b0c771d53bf4a26b9c1615d9127d8635cb692185dae158cd4ad3440',
  },
  {
    ...odd,
    params: {
      readproportion: 0,
      updateproportion: 0.4,
      insertproportion: 0.1,
      scanproportion: 0.5,
      requestdistribution: 'uniform',
      fieldlengthdistribution: 'uniform',
      fieldlength: 40,
      minfieldlength: 5,
      scanlengthdistribution: 'zipfian',
      maxscanlength: 50,
    },
    sha256: '4a7c8651332ef7d689974e51a8722a50048bccef3f7780a2bca4bfb5a9b604de',
  },
  {
    ...odd,
    params: { requestdistribution: 'sequential', fieldcount: 1, fieldlength: 0 },
    sha256: '9f14a1ed4691ed76a48c9c90d61997f61d587f2a5453dbf3f0b12e059ee129fe',
  },
]

export function referenceWorkload(trace: Omit<ReferenceTrace, 'sha256'>): Workload {
  return WORKLOADS.get(trace.workload)!.create(trace.params, {
    records: trace.records,
    operations: trace.operations,
    seed: REFERENCE_SEED,
    repeat: 0,
    reference: true,
  })
}

export function sha256Of(chunks: Iterable<Uint8Array | string>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}
