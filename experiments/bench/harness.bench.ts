/**
 * Owns the micro-benchmarks of the harness itself. Operations are driven against a target that does
 * nothing, so that the rest is drawing, timing and recording. Where making values should not be
 * measured, they are ready made; the pacing of the open loop is always late, so that nothing waits.
 * Without values the budget is a microsecond an operation: 1 M op/s.
 */

import { ManualClock, systemClock } from '../../engine/base/clock.ts'
import { ReadCounters } from '../../engine/base/read-counters.ts'
import {
  OPERATION_KIND_NAMES,
  Operation,
  type OperationStream,
  WORKLOADS,
} from '../../workloads/index.ts'
import type { Target } from '../base/target.ts'
import { scheduled, steady } from '../load/arrivals.ts'
import { openLoop, type Pacing } from '../load/pacing.ts'
import { AnswerOracle } from '../measure/answer-oracle.ts'
import { createLiveOracle } from '../measure/live-sizes.ts'
import { OperationDriver } from '../run/operation-driver.ts'
import { OperationTimes } from '../run/operation-times.ts'
import type { BenchCase } from './bench-case.ts'

const RECORDS = 100_000
const OPERATIONS = 100_000
/** The length of the runner's slices. */
const SLICE = 500

const noTarget: Target = {
  scannedBytes: 0,
  getCounters: new ReadCounters(),
  scanCounters: new ReadCounters(),
  put() {},
  delete() {},
  get: () => undefined,
  scan: () => 0,
  drain() {},
  close() {},
}

/** The answer to every get when answers are checked; most are wrong, which costs the same. */
const VALUE = new Uint8Array(100)

/** The same stream, with values that cost nothing. */
class ReadyValues implements OperationStream {
  readonly expected: number
  readonly fieldNames: readonly Uint8Array[]
  readonly #stream: OperationStream
  readonly #value = new Uint8Array(100)

  constructor(stream: OperationStream) {
    this.expected = stream.expected
    this.fieldNames = stream.fieldNames
    this.#stream = stream
  }

  next(operation: Operation): boolean {
    return this.#stream.next(operation)
  }

  acknowledge(operation: Operation): void {
    this.#stream.acknowledge(operation)
  }

  writeValue(): number {
    return this.#value.length
  }

  value(): Uint8Array {
    return this.#value
  }
}

function drive(
  workload: string,
  values: boolean,
  pacing: Pacing | null,
  answers: AnswerOracle | null = null,
): () => void {
  const context = { records: RECORDS, operations: 1e12, seed: 42, repeat: 0, valueBytes: 100 }
  const own = WORKLOADS.get(workload)!.create({}, context).phases[0]!.stream
  // Finishes the phase before, so that the first iteration does not.
  const operation = new Operation()
  own.next(operation)
  own.acknowledge(operation)
  const stream = values ? own : new ReadyValues(own)
  const driver = new OperationDriver({
    target: answers === null ? noTarget : { ...noTarget, get: () => VALUE },
    logicalClock: new ManualClock(0),
    timer: systemClock,
    liveSizes: createLiveOracle('dense', RECORDS),
    answers,
  })
  const times = new OperationTimes({ kinds: OPERATION_KIND_NAMES, pacing })
  driver.beginRun(pacing)
  return () => {
    for (let left = OPERATIONS; left > 0; ) {
      const before = driver.done
      driver.step(stream, Math.min(SLICE, left), times)
      left -= driver.done - before
    }
  }
}

function benchCase(name: string, setup: () => () => void): BenchCase {
  return {
    name: `harness, ${name}`,
    unit: 'operations',
    opsPerIteration: OPERATIONS,
    referenceOpsPerSecond: null,
    setup,
  }
}

/** A pacing that is always late, so that nothing waits. */
function behind(): Pacing {
  const schedule = { ratePerSecond: 1e9, shape: steady, clients: 1, seed: 42 }
  return openLoop(scheduled({ ...schedule, spacing: 'exponential' }))
}

export const cases: readonly BenchCase[] = [
  benchCase('ycsb-c, reads', () => drive('ycsb-c', false, null)),
  benchCase('ycsb-a, values ready made', () => drive('ycsb-a', false, null)),
  benchCase('ycsb-a, values ready made, answers checked', () =>
    drive('ycsb-a', false, null, new AnswerOracle({ expectedRecords: RECORDS })),
  ),
  benchCase('ycsb-a, values of 100 B made', () => drive('ycsb-a', true, null)),
  benchCase('ycsb-a, values ready made, open loop', () => drive('ycsb-a', false, behind())),
]
