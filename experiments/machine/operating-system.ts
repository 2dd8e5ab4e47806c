/**
 * Owns the operating system's count of the bytes moved during a run. `/proc/self/io` counts every
 * read and write of every thread of the process. libuv wakes its loop by 8-byte writes to an
 * eventfd, so Δwchar = ledger bytes + terminal bytes + 8 · (Δsyscw − ledger calls − terminal
 * calls). Reads agree with the ledger only while the process loads nothing else.
 */
import { readFileSync } from 'node:fs'
import { sumCells } from '../../engine/storage/ledger.ts'
import type { Timed } from '../../results/schema.ts'
import type { Transfer } from '../base/context.ts'
import type { TargetStats } from '../base/target.ts'

const WAKEUP_BYTES = 8

export interface SystemReading {
  readonly written: Transfer
  readonly read: Transfer
  /** Whole pages, to and from the device. */
  readonly deviceWrittenBytes: number
  readonly deviceReadBytes: number
}

/** Null where there is no /proc. */
export function readSystem(): SystemReading | null {
  let text: string
  try {
    text = readFileSync('/proc/self/io', 'utf8')
  } catch {
    return null
  }
  const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1])
  return {
    written: { bytes: field('wchar'), calls: field('syscw') },
    read: { bytes: field('rchar'), calls: field('syscr') },
    deviceWrittenBytes: field('write_bytes'),
    deviceReadBytes: field('read_bytes'),
  }
}

/** Bytes that the system saw written and that no account explains; 0 if the ledger is right. */
export function unexplainedBytes(before: Transfer, after: Transfer, accounted: Transfer): number {
  const wakeups = after.calls - before.calls - accounted.calls
  return after.bytes - before.bytes - accounted.bytes - WAKEUP_BYTES * wakeups
}

/** The account of one run, from its construction to `close`. */
export class SystemAccount {
  readonly #onDisk: boolean
  readonly #terminalWritten: () => Transfer
  readonly #before: { readonly system: SystemReading | null; readonly moved: Moved }

  /** `stats`: the target's as it is opened; `terminalWritten`: all since the process started. */
  constructor(stats: TargetStats, onDisk: boolean, terminalWritten: () => Transfer) {
    this.#onDisk = onDisk
    this.#terminalWritten = terminalWritten
    this.#before = { system: readSystem(), moved: this.#moved(stats) }
  }

  close(stats: TargetStats): Timed['operatingSystem'] {
    const { system: before, moved: movedBefore } = this.#before
    const after = readSystem()
    if (before === null || after === null) return null
    const moved = this.#moved(stats)
    const written = unexplainedBytes(
      before.written,
      after.written,
      difference(movedBefore.written, moved.written),
    )
    const read = difference(before.read, after.read)
    return {
      writtenBytes: after.written.bytes - before.written.bytes,
      writeCalls: after.written.calls - before.written.calls,
      readBytes: read.bytes,
      readCalls: read.calls,
      deviceWrittenBytes: after.deviceWrittenBytes - before.deviceWrittenBytes,
      deviceReadBytes: after.deviceReadBytes - before.deviceReadBytes,
      unexplainedWrittenBytes: this.#onDisk ? written : null,
      unexplainedReadBytes: this.#onDisk
        ? read.bytes - difference(movedBefore.read, moved.read).bytes
        : null,
    }
  }

  #moved({ cells }: TargetStats): Moved {
    const written = sumCells(cells, { direction: 'write' })
    const terminal = this.#terminalWritten()
    return {
      written: { bytes: written.bytes + terminal.bytes, calls: written.calls + terminal.calls },
      read: sumCells(cells, { direction: 'read' }),
    }
  }
}

interface Moved {
  readonly written: Transfer
  readonly read: Transfer
}

function difference(before: Transfer, after: Transfer): Transfer {
  return { bytes: after.bytes - before.bytes, calls: after.calls - before.calls }
}
