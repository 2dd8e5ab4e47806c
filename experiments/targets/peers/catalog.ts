/** Owns the peers by name, in the order lists show them. */
import type { PeerName } from '../../../results/peer-schema.ts'
import { LEVELDB_PEER } from './leveldb-peer.ts'
import { LMDB_PEER } from './lmdb-peer.ts'
import type { PeerDefinition } from './peer-store.ts'
import { ROCKSDB_PEER } from './rocksdb-peer.ts'
import { SQLITE_PEER } from './sqlite-peer.ts'

/** Stores that are called operation by operation; `db_bench` gets a whole stream instead. */
export const INTERACTIVE_PEERS: ReadonlyMap<PeerName, PeerDefinition> = new Map(
  [LEVELDB_PEER, ROCKSDB_PEER, LMDB_PEER, SQLITE_PEER].map((peer) => [peer.name, peer]),
)
