/**
 * Owns the relations between the figures of a peer's result: a figure that was not requested stays
 * null.
 */
import type { PeerReading, PeerResult } from '../peer-schema.ts'
import { type Findings, sumOf } from './findings.ts'

export function checkPeer({ deterministic, peer }: PeerResult, findings: Findings): void {
  const { burst, drained } = peer
  checkReading('peer.drained', drained, findings)
  if (burst !== null) checkReading('peer.burst', burst, findings)
  const userBytes = sumOf(deterministic.phases, (phase) => phase.userBytes)
  findings.equal('peer.drained.userBytes', drained.userBytes, userBytes, 'the sum of the phases')
  checkReads(deterministic, findings)
  const { liveLogicalBytes } = deterministic
  const field = 'peer.drained.liveLogicalBytes'
  findings.equal(field, drained.liveLogicalBytes, liveLogicalBytes, 'what the stream leaves')
  const counted = ['userBytes', 'flushBytes', 'compactionBytes', 'processBytes'] as const
  for (const key of counted) {
    findings.atMost(`peer.burst.${key}`, burst?.[key], drained[key], 'that of the drained state')
  }
}

/** Every read and scan is on one account. */
function checkReads({ phases, reads }: PeerResult['deterministic'], findings: Findings): void {
  if (reads === null) return
  const done = (...kinds: readonly string[]) =>
    sumOf(phases, ({ operationsByKind }) => sumOf(kinds, (kind) => operationsByKind[kind] ?? 0))
  const gets = reads.getHit.operations + reads.getMiss.operations
  const scans = reads.shortScan.operations + reads.longScan.operations
  const at = (account: string) => `deterministic.reads.${account}.operations`
  const what = 'those of all phases'
  findings.equal(at('getHit'), gets, done('read', 'read-modify-write'), `${what} (with getMiss)`)
  findings.equal(at('shortScan'), scans, done('scan'), `${what} (with longScan)`)
}

function checkReading(base: string, reading: PeerReading, findings: Findings): void {
  const { userBytes, flushBytes, compactionBytes, processBytes } = reading
  const tables =
    flushBytes === null || compactionBytes === null ? null : flushBytes + compactionBytes
  findings.ratio(`${base}.waTotal`, reading.waTotal, processBytes, userBytes)
  findings.ratio(`${base}.waLsm`, reading.waLsm, tables, userBytes)
  findings.ratio(`${base}.waRocksdb`, reading.waRocksdb, tables, flushBytes)
  const { spaceAmplification, physicalBytes, liveLogicalBytes } = reading
  const field = `${base}.spaceAmplification`
  findings.ratio(field, spaceAmplification, physicalBytes, liveLogicalBytes)
}
