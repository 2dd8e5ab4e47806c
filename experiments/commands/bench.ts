/** Declares the verbs of `varve bench`: measurements of speed. */
import type { Verb, VerbGroup } from '../cli/verb.ts'

const peers: Verb = {
  name: 'bench peers',
  summary: 'Races Varve against LevelDB, RocksDB, LMDB and SQLite: ratios with intervals.',
  examples: ['--quick', '', '--only=varve-threads,leveldb,fillrandom,ycsb-a', '--rounds=10'],
  notes: async () => {
    const { namesFrom } = await import('../cli/names.ts')
    const names = await namesFrom('raced')
    const width = Math.max(...names.map(([name]) => name.length)) + 2
    return [
      'Each store runs each group of benchmarks in a process of its own, in an order that every ' +
        'second round reverses. All have the same memtable, block cache, filters and durability ' +
        'as far as they have such options; the result lists where they differ. What is read is ' +
        'compared with what was written. db_bench runs its own benchmarks on the same keys.',
      'The result has every figure of every round. A ratio is the median over the rounds of how ' +
        'many times better Varve is, with the interval of the median. Nothing is written before ' +
        'the race is over, so an interrupted one leaves nothing.',
      ['Names:', ...names.map(([name, meaning]) => `  ${name.padEnd(width)}${meaning}`)].join('\n'),
    ]
  },
  exits: { 1: 'a store failed, or read something else than what was written' },
  run: async (given, hear) => (await import('./bench/race-peers.ts')).racePeers(given, hear),
}

export const bench: VerbGroup = {
  name: 'bench',
  summary: 'Measures speed: races of Varve against other stores.',
  verbs: [peers],
}
