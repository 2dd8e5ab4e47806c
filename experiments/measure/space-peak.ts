/**
 * Owns the transient peak of space amplification: the largest size of the folder, and the live data
 * at that moment. The size is read at the end of each job, where peaks occur because inputs and
 * outputs of a merge exist together, and at each point of the series.
 */
import { quotient } from './figures.ts'

export class SpacePeak {
  #physicalBytes = 0
  #liveBytes = 0

  /** `physicalBytes` is the largest size so far. */
  see(physicalBytes: number, liveBytes: number): void {
    if (physicalBytes <= this.#physicalBytes) return
    this.#physicalBytes = physicalBytes
    this.#liveBytes = liveBytes
  }

  amplification(): number | null {
    return quotient(this.#physicalBytes, this.#liveBytes)
  }
}
