/** Declares `varve timeline`: from one or two recorded runs to one HTML page. */
import type { Verb } from '../cli/verb.ts'

export const timeline: Verb = {
  name: 'timeline',
  summary: 'Shows the tree of a run, or of two side by side, as it grew: one HTML page.',
  operands: {
    usage: '<result> [<result>]',
    least: 1,
    missing: 'name a result: the .json of a run, or a folder for its newest',
  },
  examples: ['out', 'out/ycsb-a-tiering-0123abcd-r0.json out/ycsb-a-leveling-4567cdef-r0.json'],
  notes: [
    'It needs the recorded versions of a run, which varve exp --versions writes. For a ' +
      'folder, the newest result that has them is used. Two runs are always shown at the same ' +
      'number of user bytes put.',
  ],
  run: async (given) => (await import('./timeline/write-timeline.ts')).writeTimeline(given),
}
