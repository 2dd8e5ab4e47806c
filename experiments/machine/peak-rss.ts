/**
 * Owns the peak of this process's resident memory. On Linux a process inherits `ru_maxrss` through
 * fork and exec, so it would report the size of a larger parent. The high-water mark in /proc
 * counts this program alone (proc(5), VmHWM).
 */
import { readFileSync } from 'node:fs'

/** Bytes, since the program started; without /proc it is `ru_maxrss`. */
export function peakRssBytes(): number {
  let status = ''
  try {
    status = readFileSync('/proc/self/status', 'utf8')
  } catch {}
  const own = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  return (own === undefined ? process.resourceUsage().maxRSS : Number(own)) * 1024
}
