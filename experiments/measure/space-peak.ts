/**
 * Owns the transient peak of space amplification: the highest size of the folder, and how much of it
 * was alive at that moment. The size is known at any time; it is asked for at the end of each job,
 * where peaks lie (inputs and outputs of a merge together), and at each point of the series.
 */
import { quotient } from './figures.ts'

export class SpacePeak {
  #physicalBytes = 0
  #liveBytes = 0

  /** `physicalBytes` is the highest so far. */
  see(physicalBytes: number, liveBytes: number): void {
    if (physicalBytes <= this.#physicalBytes) return
    this.#physicalBytes = physicalBytes
    this.#liveBytes = liveBytes
  }

  amplification(): number | null {
    return quotient(this.#physicalBytes, this.#liveBytes)
  }
}
