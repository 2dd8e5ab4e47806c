/**
 * Owns the operating system's own account of bytes moved: `/proc/self/io` counts every write of
 * every thread of the process. libuv wakes its loop by 8-byte writes to an eventfd, so over a
 * window Δwchar = ledger bytes + terminal bytes + 8 · (Δsyscw − ledger calls − terminal calls).
 */
import { readFileSync } from 'node:fs'

const WAKEUP_BYTES = 8

export interface WriteAccount {
  readonly bytes: number
  readonly calls: number
}

/** Null where there is no /proc. */
export function readWrites(): WriteAccount | null {
  let text: string
  try {
    text = readFileSync('/proc/self/io', 'utf8')
  } catch {
    return null
  }
  const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1])
  return { bytes: field('wchar'), calls: field('syscw') }
}

/** Bytes the system saw beyond those accounted for; 0 when the ledger is right. */
export function unexplainedBytes(
  before: WriteAccount,
  after: WriteAccount,
  accounted: WriteAccount,
): number {
  const wakeups = after.calls - before.calls - accounted.calls
  return after.bytes - before.bytes - accounted.bytes - WAKEUP_BYTES * wakeups
}
