/**
 * Owns the interface of a consumer of operations: a trace's writer, an exporter, the statistics.
 * Parsers and workloads pass operations in the same way.
 */

import { setImmediate } from 'node:timers/promises'
import type { Operation, OperationStream, Workload } from '../operation.ts'

/** Takes the phases and operations of a workload, in order. */
export interface OperationSink {
  /** Call it before the phase's operations. The first phase is the load, which may stay empty. */
  beginPhase(name: string, fieldNames: readonly string[]): void
  /**
   * Slot and value are borrowed until the call returns. `value` is null if the operation has none,
   * or if its content is unknown: then it is what YCSB's generator makes from the slot's
   * `valuePosition` (with equal lengths for all fields of a record).
   */
  add(operation: Operation, value: Uint8Array | null): void
}

const LOAD = 'load'

/** The same workload. Each operation that the runner requests is also passed to `sink`. */
export function recordWorkload(workload: Workload, sink: OperationSink): Workload {
  return {
    ...workload,
    load: recordStream(workload.load, LOAD, sink),
    phases: workload.phases.map((phase) => ({
      ...phase,
      stream: recordStream(phase.stream, phase.name, sink),
    })),
  }
}

/** The names of a stream's fields as text. */
export function fieldNamesOf(stream: OperationStream): readonly string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return stream.fieldNames.map((name) => decoder.decode(name))
}

function recordStream(stream: OperationStream, name: string, sink: OperationSink): OperationStream {
  let begun = false
  return {
    expected: stream.expected,
    fieldNames: stream.fieldNames,
    next(operation) {
      if (!begun) sink.beginPhase(name, fieldNamesOf(stream))
      begun = true
      if (!stream.next(operation)) return false
      sink.add(operation, operation.valueLength > 0 ? stream.value(operation) : null)
      return true
    },
    acknowledge: (operation) => stream.acknowledge(operation),
    writeValue: (operation, target, offset) => stream.writeValue(operation, target, offset),
    value: (operation) => stream.value(operation),
  }
}

/** Passes on the rest of the workload. Every operation counts as done at once. */
export function pumpWorkload(workload: Workload, sink: OperationSink, operation: Operation): void {
  for (const _ of turns(workload, sink, operation));
}

/** As `pumpWorkload`. Rejects with the reason of `signal` if that is aborted meanwhile. */
export async function pumpUntil(
  signal: AbortSignal,
  ...pumped: Parameters<typeof pumpWorkload>
): Promise<void> {
  for (const _ of turns(...pumped)) {
    await setImmediate()
    signal.throwIfAborted()
  }
}

const TURN_OPERATIONS = 1 << 14

function* turns(workload: Workload, sink: OperationSink, operation: Operation): Generator<void> {
  const { load, phases } = recordWorkload(workload, sink)
  for (const stream of [load, ...phases.map((phase) => phase.stream)]) {
    for (let count = 1; stream.next(operation); count++) {
      stream.acknowledge(operation)
      if (count % TURN_OPERATIONS === 0) yield
    }
  }
}
