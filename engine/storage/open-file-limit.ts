/**
 * Owns the limit on how many files this process may have open at once. Node raises the soft limit
 * to the hard one when it starts (`ulimit -Hn`), so the limit does not change after that.
 */

import { readFileSync } from 'node:fs'

/**
 * Assumed where the system does not report a limit: lower than the default of every such system.
 */
const LIMIT_UNKNOWN = 4096

let known: number | undefined

export function openFileLimit(): number {
  known ??= parseLimit(readLimits()) ?? LIMIT_UNKNOWN
  return known
}

/** The soft limit in the text of Linux's /proc/<pid>/limits; undefined if the text has none. */
export function parseLimit(limits: string): number | undefined {
  const value = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1]
  if (value === undefined) return undefined
  return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value)
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}
