/**
 * Owns the peak of this process's resident memory. Linux hands `ru_maxrss` on through fork and exec,
 * so a process that a larger one started would report the starter's size; the high-water mark in
 * /proc is of the program alone (proc(5), VmHWM).
 */
import { readFileSync } from 'node:fs'

/** In bytes, since the program started; where there is no /proc, `ru_maxrss`. */
export function peakRssBytes(): number {
  let status = ''
  try {
    status = readFileSync('/proc/self/status', 'utf8')
  } catch {}
  const own = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  return (own === undefined ? process.resourceUsage().maxRSS : Number(own)) * 1024
}
