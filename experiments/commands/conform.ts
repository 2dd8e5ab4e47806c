/** Declares `varve conform`: checks a strategy against the rules that every strategy must keep. */
import type { Verb } from '../cli/verb.ts'

export const conform: Verb = {
  name: 'conform',
  summary: 'Checks a strategy against the rules every strategy must keep, over random histories.',
  operands: {
    usage: '<strategy>',
    least: 1,
    most: 1,
    missing: 'name a strategy, or the path of a module',
    names: 'strategies',
  },
  examples: ['./strategies/examples/size-tiered.ts', 'leveling --param=T=10 --runs=200', '--list'],
  exits: { 0: 'all rules hold', 1: 'a rule is broken' },
  run: async (given) => (await import('./conform/check-strategy.ts')).checkStrategy(given),
}
