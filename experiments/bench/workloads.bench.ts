/**
 * Owns the micro-benchmarks of operation streams: YCSB-A over a million records, without values (as
 * a simulator takes them) and with them (as an engine does), and the load, nearly all value bytes.
 */

import { Operation, type OperationStream, WORKLOADS } from '../../workloads/index.ts'
import type { BenchCase } from './bench-case.ts'

const RECORDS = 1_000_000
const OPERATIONS = 100_000

/** A run too long to end under any number of iterations. */
function streams(): { readonly load: OperationStream; readonly run: OperationStream } {
  const context = { records: RECORDS, operations: 1e12, seed: 42, repeat: 0 }
  const { load, phases } = WORKLOADS.get('ycsb-a')!.create({}, context)
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

function run(target: Uint8Array | null): () => void {
  const { run } = streams()
  take(run, 1, null)
  return () => take(run, OPERATIONS, target)
}

export const cases: readonly BenchCase[] = [
  {
    name: 'ycsb-a stream, no values',
    unit: 'operations',
    opsPerIteration: OPERATIONS,
    referenceOpsPerSecond: null,
    setup: () => run(null),
  },
  {
    name: 'ycsb-a stream, values of 100 B',
    unit: 'operations',
    opsPerIteration: OPERATIONS,
    referenceOpsPerSecond: null,
    setup: () => run(new Uint8Array(2048)),
  },
  {
    name: 'ycsb load, records of 1,140 B',
    unit: 'records',
    opsPerIteration: 1000,
    referenceOpsPerSecond: null,
    setup() {
      const target = new Uint8Array(2048)
      // A load ends after its records, so each iteration takes the first thousand of a new one.
      return () => take(streams().load, 1000, target)
    },
  },
]
