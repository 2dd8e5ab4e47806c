/** Declares `varve tune`: from a mix of operations and a memory budget to the cheapest designs. */
import type { Verb } from '../cli/verb.ts'

export const tune: Verb = {
  name: 'tune',
  summary: 'Finds the design that costs a workload least, by the cost model.',
  examples: [
    '--reads=0.3 --zero-reads=0.2 --writes=0.5 --records=10M --memory=64MiB',
    '--writes=60 --reads=30 --short-scans=10 --space=1.3 --measure=5',
    '--writes=97 --reads=1 --zero-reads=1 --short-scans=1 --rho=0.5',
  ],
  notes: [
    'Shares are scaled to a sum of 1. With --rho also the designs whose worst case within that ' +
      'divergence costs least. Sizes take B, KiB, MiB, GiB, counts k, M, G.',
    'Filters hold obsolete versions too: --memory is for the memtable and the filters of all ' +
      'stored entries, on average. No design is proposed whose tree at rest would exceed --space. ' +
      'A merge also needs space for its output, see the column peak.',
    '--measure loads and updates a tree of each design in the exact simulator, without other ' +
      'operations, and counts what each kind of operation costs on it. Large data are scaled down ' +
      'together with the memory, which keeps the shape of the tree.',
  ],
  helpsWhenBare: true,
  run: async (given, hear) => (await import('./tune/find-designs.ts')).findDesigns(given, hear),
}
