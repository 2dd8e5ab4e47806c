/**
 * Owns the profiling of one benchmark with V8's own profilers, in this process. The processor and
 * the heap are profiled one after the other, because sampling of the heap slows allocation.
 */

import { Session } from 'node:inspector/promises'
import { resolve } from 'node:path'
import type { BenchCase } from './bench-case.ts'
import { allocationLedger, type CpuLedger, cpuLedger, type FunctionPart } from './cpu-ledger.ts'

/** Where one operation's time and memory went. */
export interface BenchProfile extends CpuLedger {
  /** Processor time of one operation. */
  readonly nsPerOperation: number
  /** Bytes allocated by an operation, including those that were collected since. */
  readonly bytesPerOperation: number
  readonly allocations: readonly FunctionPart[]
}

/** Functions with a smaller part of the whole are left out. */
const SHARE_MIN = 0.005
const CPU_INTERVAL_US = 200
/** Mean distance between two samples of the heap, in bytes allocated. */
const HEAP_INTERVAL_BYTES = 16 * 1024

/**
 * Profiles `benchCase` of the checkout at `root`, for `ms` on the processor and as long on the
 * heap, after as long without a profile.
 */
export async function profileCase(
  benchCase: BenchCase,
  root: string,
  ms: number,
): Promise<BenchProfile> {
  const run = benchCase.setup()
  const top = resolve(root)
  /** Runs whole iterations for `ms`; returns the operations and the processor time they took. */
  const runFor = async () => {
    const startMs = performance.now()
    const startCpu = process.threadCpuUsage()
    let iterations = 0
    do {
      await run()
      iterations++
    } while (performance.now() - startMs < ms)
    const operations = iterations * benchCase.opsPerIteration
    const { user, system } = process.threadCpuUsage(startCpu)
    return { root: top, operations, cpuNs: 1000 * (user + system) }
  }
  const session = new Session()
  session.connect()
  try {
    await runFor()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US })
    await session.post('Profiler.start')
    const profiled = await runFor()
    const { profile } = await session.post('Profiler.stop')
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: HEAP_INTERVAL_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
    const heap = await runFor()
    const { profile: sampled } = await session.post('HeapProfiler.stopSampling')
    const allocations = allocationLedger(sampled, heap)
    const { rooms, functions } = cpuLedger(profile, profiled)
    const nsPerOperation = profiled.cpuNs / profiled.operations
    const bytesPerOperation = allocations.reduce((sum, part) => sum + part.perOperation, 0)
    const notable = (parts: readonly FunctionPart[], whole: number) =>
      parts.filter(({ perOperation }) => perOperation >= SHARE_MIN * whole)
    return {
      rooms,
      functions: notable(functions, nsPerOperation),
      nsPerOperation,
      bytesPerOperation,
      allocations: notable(allocations, bytesPerOperation),
    }
  } finally {
    session.disconnect()
  }
}
