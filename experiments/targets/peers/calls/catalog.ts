/**
 * Owns the stores that race in a Node process, by name. Each is loaded separately, so that a
 * process holds only the store that it measures.
 */
import type { RacedEngine } from '../../../../results/race-schema.ts'
import type { CallDefinition } from './call-store.ts'

type LibraryEngine = Exclude<RacedEngine, 'db_bench'>

const LOADERS: Readonly<Record<LibraryEngine, () => Promise<CallDefinition>>> = {
  'varve-inline': async () => (await import('./varve-calls.ts')).VARVE_INLINE_CALLS,
  'varve-threads': async () => (await import('./varve-calls.ts')).VARVE_THREADS_CALLS,
  leveldb: async () => (await import('./leveldb-calls.ts')).LEVELDB_CALLS,
  rocksdb: async () => (await import('./rocksdb-calls.ts')).ROCKSDB_CALLS,
  lmdb: async () => (await import('./lmdb-calls.ts')).LMDB_CALLS,
  sqlite: async () => (await import('./sqlite-calls.ts')).SQLITE_CALLS,
}

export const LIBRARY_ENGINES = Object.keys(LOADERS) as LibraryEngine[]

export function callsOf(engine: LibraryEngine): Promise<CallDefinition> {
  return LOADERS[engine]()
}
