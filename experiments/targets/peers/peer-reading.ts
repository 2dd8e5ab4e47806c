/**
 * Owns one reading of a peer: its own statistics, the account of the process, the size of the
 * folder, and their ratios. A figure that its source does not have is null, and so is each ratio
 * that needs it.
 */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PeerReading } from '../../../results/peer-schema.ts'
import { readSystem, type SystemReading } from '../../machine/operating-system.ts'
import { quotient } from '../../measure/figures.ts'
import type { PeerStatistics } from './peer-store.ts'

/** Bytes of the whole process, including its threads and the children it waited for. */
interface ProcessAccount {
  readonly writtenBytes: number
  readonly readBytes: number
  /** Pages written to the device. */
  readonly deviceBytes: number
}

/** The account of the process since construction, without the bytes written to the terminal. */
export class ProcessWindow {
  readonly #terminalBytes: () => number
  readonly #before: SystemReading | null
  readonly #terminalBefore: number

  constructor(terminalBytes: () => number) {
    this.#terminalBytes = terminalBytes
    this.#before = readSystem()
    this.#terminalBefore = terminalBytes()
  }

  read(): ProcessAccount | null {
    const after = readSystem()
    if (this.#before === null || after === null) return null
    const terminal = this.#terminalBytes() - this.#terminalBefore
    return {
      writtenBytes: after.written.bytes - this.#before.written.bytes - terminal,
      readBytes: after.read.bytes - this.#before.read.bytes,
      deviceBytes: after.deviceWrittenBytes - this.#before.deviceWrittenBytes,
    }
  }
}

export interface ReadingParts {
  readonly statistics: PeerStatistics
  readonly account: ProcessAccount | null
  readonly folder: string
  readonly userBytes: number
  readonly liveLogicalBytes: number | null
}

export function readingOf(parts: ReadingParts): PeerReading {
  const { statistics, account, folder, userBytes, liveLogicalBytes } = parts
  const { flushBytes, compactionBytes } = statistics
  const tables =
    flushBytes === null || compactionBytes === null ? null : flushBytes + compactionBytes
  const physicalBytes = folderBytes(folder)
  return {
    userBytes,
    ...statistics,
    processBytes: account?.writtenBytes ?? null,
    processReadBytes: account?.readBytes ?? null,
    deviceBytes: account?.deviceBytes ?? null,
    waTotal: ratio(account?.writtenBytes ?? null, userBytes),
    waLsm: ratio(tables, userBytes),
    waRocksdb: ratio(tables, flushBytes),
    physicalBytes,
    liveLogicalBytes,
    spaceAmplification: ratio(physicalBytes, liveLogicalBytes),
  }
}

function ratio(numerator: number | null, denominator: number | null): number | null {
  return numerator === null || denominator === null ? null : quotient(numerator, denominator)
}

/**
 * Bytes of all files. Space reserved for a log has no blocks yet and does not count. The store's
 * own threads may remove a file after it was listed.
 */
function folderBytes(folder: string): number {
  return readdirSync(folder)
    .flatMap((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }) ?? [])
    .reduce((sum, { size, blocks }) => sum + Math.min(size, blocks * 512), 0)
}
