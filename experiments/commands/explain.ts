/** Declares `varve explain`: the story of a run, or one event of it. */
import type { Verb } from '../cli/verb.ts'

export const explain: Verb = {
  name: 'explain',
  summary: 'Tells what a run did and why, from its result.',
  operands: {
    usage: '<result>',
    least: 1,
    most: 1,
    missing: 'name a result: the .json of a run, or a folder for its newest',
  },
  examples: [
    'out',
    'out/ycsb-a-tiering-0123abcd-r0.json --level=1',
    'out/ycsb-a-tiering-0123abcd-r0.json --at=57 --strategy=leveling --param=T=4',
  ],
  notes: [
    'For a folder, the newest result is used. --strategy needs the recorded versions of the run, ' +
      'which varve exp --versions writes.',
  ],
  run: async (given) => (await import('./explain/tell-story.ts')).tellStory(given),
}
