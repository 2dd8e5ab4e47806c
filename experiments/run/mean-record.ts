/** Owns the mean size of a workload's records, which a simulation without keys takes for all. */
import { Operation, type Workload } from '../../workloads/index.ts'

/** Enough records to get the mean length of YCSB's keys to a thousandth. */
export const SAMPLED_RECORDS = 10_000

export interface MeanRecord {
  readonly keyBytes: number
  readonly valueBytes: number
}

/** Over the first records of the load; of the first phase, if nothing is loaded. */
export function meanRecord({ load, phases }: Workload): MeanRecord {
  const operation = new Operation()
  for (const stream of [load, ...phases.slice(0, 1).map((phase) => phase.stream)]) {
    let count = 0
    let keyBytes = 0
    let valueBytes = 0
    while (count < SAMPLED_RECORDS && stream.next(operation)) {
      if (operation.valueLength > 0) {
        keyBytes += operation.keyLength
        valueBytes += operation.valueLength
        count++
      }
      stream.acknowledge(operation)
    }
    if (count > 0) return { keyBytes: keyBytes / count, valueBytes: valueBytes / count }
  }
  return { keyBytes: 0, valueBytes: 0 }
}
