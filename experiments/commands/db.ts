/**
 * Declares `varve db`: verifies, prints, exports, copies and fills a database folder that is not
 * open anywhere.
 */
import type { Verb, VerbGroup } from '../cli/verb.ts'

const EXITS = { 1: 'failure or damage' }

const KEYS =
  'An encrypted folder needs its key: --key-file or $VARVE_KEY_FILE, or $VARVE_PASSPHRASE for a ' +
  'passphrase.'

const ONE_FOLDER = { usage: '<folder>', least: 1, most: 1 }
const TWO_FOLDERS = { usage: '<folder> <to>', least: 2, most: 2 }

const verify: Verb = {
  name: 'db verify',
  summary: 'Reads every byte of a folder and names each damaged file with the offset.',
  operands: { ...ONE_FOLDER, missing: 'verify takes <folder> (see --help)' },
  examples: ['out/a.db'],
  notes: [
    'It checks the checksums of manifest, logs, tables and value log, the order of entries, ' +
      'the targets of pointers, and counts against the recorded ones. A write torn by a crash ' +
      'counts as damage, although an open repairs it.',
    KEYS,
  ],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).verify(given),
}

const dump: Verb = {
  name: 'db dump',
  summary: 'Prints what a folder holds: facts, then its tree, table by table.',
  operands: { ...ONE_FOLDER, missing: 'dump takes <folder> (see --help)' },
  examples: ['out/a.db'],
  notes: [KEYS],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).dump(given),
}

const exportTo: Verb = {
  name: 'db export',
  summary: 'Links tables and value log into a new folder, so that RocksDB opens it.',
  operands: { ...TWO_FOLDERS, missing: 'export takes <folder> <to> (see --help)' },
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

const checkpoint: Verb = {
  name: 'db checkpoint',
  summary: 'Links a folder into a second one with the same data, which opens like the first.',
  operands: { ...TWO_FOLDERS, missing: 'checkpoint takes <folder> <to> (see --help)' },
  examples: ['out/a.db out/b.db', 'out/a.db out/b.db --to-key-file=new.key'],
  notes: [
    '<to> must be missing or empty; <folder> is not changed. Files are copied if they cannot be ' +
      'linked, for example to another device. Until the last step <to> has no CURRENT file, so a ' +
      'checkpoint that a crash cut short is never taken for a database.',
    KEYS,
    'With --to-key-file the files are copied and encrypted with that key: this changes the key of ' +
      'an encrypted folder, and encrypts one that is not. A program makes a checkpoint of an open ' +
      'database with db.checkpoint().',
  ],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).checkpointTo(given),
}

const ingest: Verb = {
  name: 'db ingest',
  summary: "Adds sorted tables of RocksDB's SstFileWriter, RocksDB or Varve to a folder.",
  operands: {
    usage: '<folder> <tables…>',
    least: 2,
    missing: 'ingest takes <folder> and one or several tables (see --help)',
  },
  examples: ['out/a.db bulk/1.sst bulk/2.sst'],
  notes: [
    'The tables are checked, and rewritten with the options of the folder; the files are only ' +
      'read. All entries appear together, newer than everything in the folder: a crash leaves all ' +
      'of them or none. The newest version of a key in a table counts, and deletions and deleted ' +
      'ranges delete what the folder holds. Tables of one call must not overlap. If one is ' +
      'refused, nothing changes.',
    "RocksDB's tables need CRC32C checksums (kCRC32c), a plain index, and no, LZ4 or zstd " +
      'compression. Merge operands and blob files are not supported.',
    KEYS,
  ],
  exits: EXITS,
  run: async (given) => (await import('./db/ingest.ts')).ingest(given),
}

const repair: Verb = {
  name: 'db repair',
  summary: 'Rebuilds a folder whose manifest or files are damaged, and lists what is lost.',
  operands: { ...ONE_FOLDER, missing: 'repair takes <folder> (see --help)' },
  examples: ['out/a.db --dry-run', 'out/a.db'],
  notes: [
    'It reads all tables, logs and segments of the value log without the manifest, and merges the ' +
      'newest version of each key into one run under a new manifest. Of a damaged table or log it ' +
      'keeps what passes its checksums. Nothing is deleted: the replaced files move to <folder>/' +
      'lost, and take room until you remove that folder.',
    'Where a damaged file held the newest version of a key, an older one may answer. Entries of ' +
      'tables that had been replaced may come back if the manifest is lost and their files are ' +
      'still there. A key whose value in the value log is gone has no value afterwards.',
    'A repair that a crash cut short is run again. A sound folder is not changed.',
    KEYS,
  ],
  exits: { 1: 'failure, or something is lost' },
  run: async (given) => (await import('./db/repair.ts')).repair(given),
}

const compact: Verb = {
  name: 'db compact',
  summary: 'Opens a folder as its record says, flushes, and merges all tables into one run.',
  operands: { ...ONE_FOLDER, missing: 'compact takes <folder> (see --help)' },
  examples: ['out/a.db'],
  notes: [
    'The run has no deletions and no older versions. Where the strategy then finds more to do, it ' +
      'is done too. All data is read and written once, also where nothing is due.',
    "The strategy and the engine options are those of the folder's record OPTIONS.json. " +
      'This changes the folder: it replays and removes the log, as every open does.',
    KEYS,
  ],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).compact(given),
}

const stats: Verb = {
  name: 'db stats',
  summary: 'Draws the tree of a folder, a line for each level, and prints its totals.',
  operands: { ...ONE_FOLDER, missing: 'stats takes <folder> (see --help)' },
  examples: ['out/a.db', 'out/a.db --format=openmetrics'],
  notes: [
    'A closed folder has a tree, but no counters: those of an open database are printed by the ' +
      'command metrics of varve shell, and served by exp --metrics.',
    KEYS,
  ],
  exits: EXITS,
  run: async (given) => (await import('./db/look-after.ts')).stats(given),
}

export const db: VerbGroup = {
  name: 'db',
  summary:
    'Verifies, prints, exports, copies, fills, repairs or compacts a folder that is not open anywhere.',
  verbs: [verify, dump, stats, exportTo, checkpoint, ingest, repair, compact],
}
