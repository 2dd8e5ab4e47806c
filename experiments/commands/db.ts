/**
 * Declares `varve db`: verifies, prints and exports a database folder that is not open anywhere.
 */
import type { Verb, VerbGroup } from '../cli/verb.ts'

const EXITS = { 1: 'failure or damage' }

const ONE_FOLDER = { usage: '<folder>', least: 1, most: 1 }

const verify: Verb = {
  name: 'db verify',
  summary: 'Reads every byte of a folder and names each damaged file with the offset.',
  operands: { ...ONE_FOLDER, missing: 'verify takes <folder> (see --help)' },
  examples: ['out/a.db'],
  notes: [
    'It checks the checksums of manifest, logs, tables and value log, the order of entries, ' +
      'the targets of pointers, and counts against the recorded ones. A write torn by a crash ' +
      'counts as damage, although an open repairs it.',
  ],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).verify(given),
}

const dump: Verb = {
  name: 'db dump',
  summary: 'Prints what a folder holds: facts, then its tree, table by table.',
  operands: { ...ONE_FOLDER, missing: 'dump takes <folder> (see --help)' },
  examples: ['out/a.db'],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).dump(given),
}

const exportTo: Verb = {
  name: 'db export',
  summary: 'Links tables and value log into a new folder, so that RocksDB opens it.',
  operands: {
    usage: '<folder> <to>',
    least: 2,
    most: 2,
    missing: 'export takes <folder> <to> (see --help)',
  },
  examples: ['out/a.db out/for-rocksdb'],
  notes: [
    'Each run becomes a separate level, newest first, from level 1 on. Entries that are still ' +
      'in the write-ahead log are exported too, in a log that RocksDB replays. <to> must be ' +
      'missing or empty; <folder> is not changed. Tables are copied if they cannot be linked, ' +
      'for example to another device.',
  ],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).exportTo(given),
}

export const db: VerbGroup = {
  name: 'db',
  summary: 'Verifies, prints or exports a database folder that is not open anywhere.',
  verbs: [verify, dump, exportTo],
}
