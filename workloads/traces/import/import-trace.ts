/**
 * Owns the importable formats, by name, and the reading of their files into a sink.
 */

import type { OperationSink } from '../operation-sink.ts'
import { readChunks } from './byte-source.ts'
import { kvcacheReader, twitterReader } from './cache-csv.ts'
import { type ForeignReader, ImportContext } from './foreign-reader.ts'
import type { ImportReport } from './import-report.ts'
import { analyzerTextReader, rocksdbReader } from './rocksdb-reader.ts'
import { ycsbReader } from './ycsb-reader.ts'

export interface ImportFormat {
  readonly description: string
  read(path: string, context: ImportContext): ForeignReader
}

/** Under the names that `--format` accepts. */
export const IMPORT_FORMATS = {
  ycsb: { description: "the text of YCSB's BasicDB client", read: ycsbReader },
  rocksdb: { description: "RocksDB's binary query trace", read: rocksdbReader },
  'rocksdb-text': {
    description: "what RocksDB's trace_analyzer makes of one, human-readable",
    read: analyzerTextReader,
  },
  twitter: { description: "Twitter's cache-trace CSV", read: twitterReader },
  kvcache: { description: "Meta's kvcache CSV (CacheLib)", read: kvcacheReader },
} as const satisfies Readonly<Record<string, ImportFormat>>

/** The name of a format of `IMPORT_FORMATS`. */
export type ImportFormatName = keyof typeof IMPORT_FORMATS

/**
 * Passes the operations of `paths`, one file after another, to `sink`, and returns the origin's
 * properties. Throws `LSM_INVALID_ARGUMENT` for files of another format or with more malformed
 * lines than `report` allows, and `LSM_CORRUPTION` for torn files. `signal` ends it early.
 */
export async function importFiles(
  format: ImportFormatName,
  paths: readonly string[],
  sink: OperationSink,
  report: ImportReport,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const context = new ImportContext(sink, report)
  for (const path of paths) {
    const reader = IMPORT_FORMATS[format].read(path, context)
    for await (const chunk of readChunks(path, (text) => report.note(text))) {
      signal?.throwIfAborted()
      reader.write(chunk)
    }
    reader.end()
  }
  context.finish()
  return context.properties
}
