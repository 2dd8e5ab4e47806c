/**
 * Declares `varve exp`: experiments, each from an empty folder to a result, a chart and a table.
 */
import type { Verb } from '../cli/verb.ts'

export const exp: Verb = {
  name: 'exp',
  summary: 'Runs experiments: strategies × workloads × repeats, each to a result and a chart.',
  examples: [
    '--strategy=leveling,tiering --workload=ycsb-a,ycsb-e --repeat=3',
    '--workload=./my-workload.json --param=phases.0.keys.theta=0.8',
    '--suite=counts --scale=smoke',
    '--list=tiering',
  ],
  notes: [
    'Sizes take B, KiB, MiB, GiB, TiB (4k is 4 KiB), counts k, M, G (100k is 100,000). A ' +
      'parameter that takes a list is given as --param=K=3,2,1. A single number may have a comma ' +
      'before each group of exactly three digits: 1,234 is 1234. To run several values of a ' +
      'parameter, start the command once for each.',
  ],
  exits: { 1: 'a run failed or a claim does not hold', '128 + n': 'ended by signal n' },
  run: async (given, hear) => (await import('./exp/run-exp.ts')).runExp(given, hear),
}
