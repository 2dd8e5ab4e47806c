/**
 * Owns the micro-benchmarks of operation streams: YCSB-A over a million records, without values (as
 * a simulator consumes it) and with them (as an engine does); the generic streams of specs; and
 * values alone, YCSB's exact bytes and those of a target compression ratio. For values an
 * "operation" is a byte, so that M op/s are MB/s.
 */

import { Operation, type OperationStream, WORKLOADS } from '../../workloads/index.ts'
import { JavaRandom } from '../../workloads/java-random.ts'
import { Payload } from '../../workloads/spec/payload.ts'
import type { BenchCase } from './bench-case.ts'

const RECORDS = 1_000_000
const OPERATIONS = 100_000

/** A run that is too long to end in any number of iterations. */
function streams(name: string): { readonly load: OperationStream; readonly run: OperationStream } {
  const context = { records: RECORDS, operations: 1e12, seed: 42, repeat: 0 }
  const { load, phases } = WORKLOADS.get(name)!.create({}, context)
  return { load, run: phases[0]!.stream }
}

function take(stream: OperationStream, operations: number, target: Uint8Array | null): void {
  const operation = new Operation()
  for (let i = 0; i < operations; i++) {
    stream.next(operation)
    if (target !== null) stream.writeValue(operation, target)
    stream.acknowledge(operation)
  }
}

function streamCase(name: string, workload: string, target: Uint8Array | null): BenchCase {
  return {
    name,
    unit: 'operations',
    opsPerIteration: OPERATIONS,
    referenceOpsPerSecond: null,
    setup() {
      const { run } = streams(workload)
      take(run, 1, null)
      return () => take(run, OPERATIONS, target)
    },
  }
}

const PAYLOAD_BYTES = 1 << 20

/** One mebibyte in values of `valueBytes`. */
function payloadCase(name: string, valueBytes: number, make: () => (value: number) => void) {
  const values = Math.floor(PAYLOAD_BYTES / valueBytes)
  return {
    name: `${name}, values of ${valueBytes} B`,
    unit: 'bytes',
    opsPerIteration: values * valueBytes,
    referenceOpsPerSecond: null,
    setup() {
      const write = make()
      return () => {
        for (let value = 0; value < values; value++) write(value)
      }
    },
  }
}

const PAYLOADS: readonly (readonly [
  name: string,
  make: (bytes: number) => (value: number) => void,
])[] = [
  [
    'payload, YCSB’s',
    (bytes) => {
      const random = new JavaRandom(42)
      const target = new Uint8Array(bytes)
      return () => random.fillPrintable(target, 0, bytes)
    },
  ],
  ...[1, 0.5].map(
    (ratio) =>
      [
        `payload, compressing to ${ratio}`,
        (bytes: number) => {
          const payload = new Payload(ratio)
          return (value: number) => void payload.make(value, 42, bytes)
        },
      ] as const,
  ),
]

export const cases: readonly BenchCase[] = [
  streamCase('ycsb-a stream, no values', 'ycsb-a', null),
  streamCase('ycsb-a stream, values of 100 B', 'ycsb-a', new Uint8Array(2048)),
  {
    name: 'ycsb load, records of 1,140 B',
    unit: 'records',
    opsPerIteration: 1000,
    referenceOpsPerSecond: null,
    setup() {
      const target = new Uint8Array(2048)
      // A load ends after its records, so each iteration takes the first thousand of a new load.
      return () => take(streams('ycsb-a').load, 1000, target)
    },
  },
  streamCase('mix stream (a spec’s), no values', 'mix', null),
  streamCase('mixgraph stream (a spec’s), no values', 'mixgraph', null),
  streamCase('mix stream, values of 1,000 B', 'mix', new Uint8Array(2048)),
  ...PAYLOADS.flatMap(([name, make]) =>
    [100, 1000, 16_384].map((bytes) => payloadCase(name, bytes, () => make(bytes))),
  ),
]
