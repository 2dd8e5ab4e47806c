/** Owns the reading of /proc/self/io in child processes of tests, and its like in a ledger. */

import { readFileSync } from 'node:fs'
import { type Ledger, sumCells } from '../ledger.ts'

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

/** What was written since `before`, a result of `processIo`: by the system, and by the ledger. */
export function writtenSince(before: ReturnType<typeof processIo>, ledger: Ledger) {
  const after = processIo()
  const written = sumCells(ledger.cells(), { direction: 'write' })
  return {
    wcharBytes: after.wchar! - before.wchar!,
    writeSyscalls: after.syscw! - before.syscw!,
    ledgerBytes: written.bytes,
    ledgerCalls: written.calls,
  }
}
