/** Owns a fabricated result of a peer, for tests. No figure in it was measured. */
import type { PeerReading, PeerResult } from '../peer-schema.ts'
import type { ReadAccount, RunResult } from '../schema.ts'

/** A peer that saw the same operations as `result` and reached the same ratios. */
export function samplePeer(result: RunResult): PeerResult {
  const { deterministic, config, ...shared } = result
  const { drained } = deterministic.amplification
  const reading: PeerReading = {
    userBytes: drained.userBytes,
    waTotal: drained.waTotal,
    waLsm: drained.waLsm,
    waRocksdb: drained.waRocksdb,
    spaceAmplification: drained.spaceAmplification,
    flushBytes: null,
    compactionBytes: null,
    compactionReadBytes: null,
    flushes: null,
    compactions: null,
    level0Compactions: null,
    level0TablesCompacted: null,
    moves: null,
    lateCompactions: null,
    stalls: null,
    processBytes: null,
    processReadBytes: null,
    deviceBytes: null,
    physicalBytes: 1,
    liveLogicalBytes: null,
    levels: null,
    report: null,
  }
  return {
    ...shared,
    id: 'sample-leveldb',
    config: {
      ...config,
      target: 'leveldb',
      strategy: { name: 'leveldb', params: {}, moduleDigest: null, primitives: null },
    },
    deterministic: {
      phases: deterministic.phases
        .filter(({ name }) => name !== 'drain')
        .map(({ name, operationsByKind, userBytes }) => ({
          name: name as 'load' | 'run',
          operationsByKind,
          userBytes,
        })),
      traceHash: deterministic.traceHash,
      liveLogicalBytes: null,
      reads: readsOf(deterministic.readAmplification),
    },
    peer: {
      name: 'leveldb',
      version: '1',
      settings: [{ name: 'x', varve: 1, peer: 1, equal: true, note: '' }],
      burst: null,
      drained: reading,
      drain: { how: 'closed', converged: true },
      counters: {},
      latencyIncludes: 'all',
      ownCounts: null,
    },
  }
}

function readsOf(accounts: RunResult['deterministic']['readAmplification']) {
  const counts = ({ operations, bytesReturned }: ReadAccount) => ({ operations, bytesReturned })
  return {
    getHit: counts(accounts.getHit),
    getMiss: counts(accounts.getMiss),
    updateRead: counts(accounts.updateRead),
    shortScan: counts(accounts.shortScan),
    longScan: counts(accounts.longScan),
  }
}
