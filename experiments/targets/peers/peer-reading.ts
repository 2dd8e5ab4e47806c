/**
 * Owns one reading of a peer: its own statistics, the account of the process, the size of the
 * folder, and their ratios. A figure that its source does not know is null, and so is each ratio of
 * it.
 */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PeerReading } from '../../../results/peer-schema.ts'
import { type ProcessAccount, readProcessAccount } from '../../machine/process-account.ts'
import { quotient } from '../../measure/figures.ts'
import type { PeerStatistics } from './peer-store.ts'

/** The account of the process since construction, without the terminal's bytes. */
export class ProcessWindow {
  readonly #terminalBytes: () => number
  readonly #before: ProcessAccount | null
  readonly #terminalBefore: number

  constructor(terminalBytes: () => number) {
    this.#terminalBytes = terminalBytes
    this.#before = readProcessAccount()
    this.#terminalBefore = terminalBytes()
  }

  read(): ProcessAccount | null {
    const after = readProcessAccount()
    if (this.#before === null || after === null) return null
    const terminal = this.#terminalBytes() - this.#terminalBefore
    return {
      writtenBytes: after.writtenBytes - this.#before.writtenBytes - terminal,
      readBytes: after.readBytes - this.#before.readBytes,
      deviceBytes: after.deviceBytes - this.#before.deviceBytes,
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

/** Bytes of all files. Space reserved in advance for a log has no blocks and does not count. */
function folderBytes(folder: string): number {
  return readdirSync(folder)
    .map((name) => lstatSync(join(folder, name)))
    .reduce((sum, { size, blocks }) => sum + Math.min(size, blocks * 512), 0)
}
