/**
 * Owns the operating system's account of this process: bytes passed to write and read calls and
 * pages sent to the device, of all its threads and of the children it has waited for.
 */
import { readFileSync } from 'node:fs'

export interface ProcessAccount {
  /** wchar */
  readonly writtenBytes: number
  /** rchar */
  readonly readBytes: number
  /** write_bytes */
  readonly deviceBytes: number
}

/** Null where there is no /proc. */
export function readProcessAccount(): ProcessAccount | null {
  let text: string
  try {
    text = readFileSync('/proc/self/io', 'utf8')
  } catch {
    return null
  }
  const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1])
  return {
    writtenBytes: field('wchar'),
    readBytes: field('rchar'),
    deviceBytes: field('write_bytes'),
  }
}
