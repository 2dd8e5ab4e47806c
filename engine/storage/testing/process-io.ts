/** Owns the reading of /proc/self/io in child processes of tests. */

import { readFileSync } from 'node:fs'

/** What all threads of this process moved so far, by the system's names: `wchar`, `syscw` … */
export function processIo(): Readonly<Record<string, number>> {
  const lines = readFileSync('/proc/self/io', 'utf8').trim().split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [name, value] = line.split(': ') as [string, string]
      return [name, Number(value)]
    }),
  )
}
