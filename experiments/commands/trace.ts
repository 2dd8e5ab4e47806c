/**
 * Declares `varve trace`: operation streams as files. The operations of a workload can be compared
 * with other systems and run on them; operations recorded elsewhere can be run here.
 */
import type { Verb, VerbGroup } from '../cli/verb.ts'
import type * as Work from './trace/work.ts'

const EXITS = {
  2: 'a mistake in the arguments or in the files given',
  '128 + n': 'ended by signal n',
}

/** Runs one function of the verbs' work until it ends or is interrupted; returns the exit code. */
async function traced(
  hear: () => AbortSignal,
  work: (verbs: typeof Work, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const signal = hear()
  const verbs = await import('./trace/work.ts')
  return verbs.ended(signal, () => work(verbs, signal))
}

const generate: Verb = {
  name: 'trace generate',
  summary: "Prints a workload's operations; the seed is the generator's own, as in YCSB's thread.",
  examples: ['--workload=ycsb-a --records=1000 --operations=10000 --seed=42'],
  exits: EXITS,
  run: (given, hear) => traced(hear, ({ generate }, signal) => generate(given, signal)),
}

const record: Verb = {
  name: 'trace record',
  summary: 'Writes the operations that varve exp would run, so that a replay is that run.',
  examples: ['--workload=ycsb-a --records=100k --operations=100k --out=a.trace'],
  exits: EXITS,
  run: (given, hear) => traced(hear, ({ record }, signal) => record(given, signal)),
}

const importFiles: Verb = {
  name: 'trace import',
  summary: 'Makes a trace of files of another format, in their order; plain, gzip or zstd.',
  operands: { usage: '<files…>', least: 1, missing: 'name a file to import' },
  examples: ['load.txt run.txt.gz --format=ycsb --out=a.trace'],
  exits: EXITS,
  run: (given, hear) => traced(hear, ({ importTrace }, signal) => importTrace(given, signal)),
}

const exportTrace: Verb = {
  name: 'trace export',
  summary: 'Writes a trace in a format that other programs read.',
  operands: { usage: '<trace>', least: 1, most: 1, missing: 'name a trace to export' },
  examples: ['a.trace --format=rocksdb --out=a.rocksdb'],
  exits: EXITS,
  run: (given, hear) => traced(hear, ({ exportTrace }, signal) => exportTrace(given, signal)),
}

const stats: Verb = {
  name: 'trace stats',
  summary: 'Describes the operations of a trace, or of a file that could be imported.',
  operands: { usage: '<traces…>', least: 1, missing: 'name a trace' },
  examples: ['a.trace --json'],
  exits: EXITS,
  run: (given, hear) => traced(hear, ({ stats }, signal) => stats(given, signal)),
}

export const trace: VerbGroup = {
  name: 'trace',
  summary: 'Generates, records, imports, exports and describes traces of operations.',
  verbs: [generate, record, importFiles, exportTrace, stats],
}
