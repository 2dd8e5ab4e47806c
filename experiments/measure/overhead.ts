/**
 * Owns the harness's own time for each operation: drawing it from its stream, reading the clock,
 * recording, and checking the answer. Every run measures it: the time of a slice of operations
 * without the target's calls and without waiting. It is reported and subtracted from nothing. The
 * result has the median over slices, which ignores rare, long interruptions.
 *
 * The target's time includes one reading of the clock and the accounts of reads and sizes, some
 * tens of nanoseconds. For one scan in 32, which is checked, it includes copying the entries.
 */
import { IntervalLatency } from './latency.ts'

/** One in this many values is timed while it is made. */
export const PAYLOAD_SAMPLE = 64

/** Shorter slices are joined until they have this many operations, since a short one is noise. */
const SLICE_OPERATIONS_MIN = 64

export class Overhead {
  /** Nanoseconds of the current slice outside the harness: calls to the target, waiting. */
  othersNs = 0
  #slices = new IntervalLatency()
  #payloads = new IntervalLatency()
  #operations = 0
  #sampled = 0
  #sliceOperations = 0
  #sliceNs = 0

  reset(): void {
    this.othersNs = 0
    this.#operations = 0
    this.#sampled = 0
    this.#sliceOperations = 0
    this.#sliceNs = 0
    this.#slices.take()
    this.#payloads.take()
  }

  addSlice(operations: number, ns: number): void {
    this.#operations += operations
    this.#sliceOperations += operations
    this.#sliceNs += Math.max(0, ns - this.othersNs)
    this.othersNs = 0
    if (this.#sliceOperations < SLICE_OPERATIONS_MIN) return
    this.#slices.record(this.#sliceNs / this.#sliceOperations)
    this.#sliceOperations = 0
    this.#sliceNs = 0
  }

  addPayload(ns: number): void {
    this.#sampled++
    this.#payloads.record(ns)
  }

  /** Nanoseconds; null for a run shorter than a slice. Call it once, at the end. */
  figures(): { readonly perOperationNs: number; readonly payloadPerOperationNs: number } | null {
    const slice = this.#slices.take().p50Us
    const payload = this.#payloads.take().p50Us ?? 0
    if (slice === null) return null
    const values = Math.min(1, (this.#sampled * PAYLOAD_SAMPLE) / this.#operations)
    const payloadPerOperationNs = payload * 1e3 * values
    return {
      perOperationNs: Math.max(0, slice * 1e3 - payloadPerOperationNs),
      payloadPerOperationNs,
    }
  }
}
