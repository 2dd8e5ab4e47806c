/** Declares `varve tune`: from a mix of operations and a memory budget to the cheapest designs. */
import type { Verb } from '../cli/verb.ts'

export const tune: Verb = {
  name: 'tune',
  summary: 'Finds the design that costs a workload least, by the closed-form model.',
  examples: [
    '--reads=0.3 --zero-reads=0.2 --writes=0.5 --records=10M --memory=64MiB',
    '--writes=97 --reads=1 --zero-reads=1 --short-scans=1 --rho=0.5',
  ],
  notes: [
    'Shares are scaled to a sum of 1. With --rho also the designs whose worst case within that ' +
      'divergence costs least. Sizes take B, KiB, MiB, GiB, counts k, M, G.',
  ],
  helpsWhenBare: true,
  run: async (given) => (await import('./tune/find-designs.ts')).findDesigns(given),
}
