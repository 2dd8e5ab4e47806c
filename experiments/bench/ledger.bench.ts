/**
 * Owns the micro-benchmarks of the byte ledger: what a count costs in a ledger of one thread and in
 * one that is shared with other threads. For comparison, a `pread` from the page cache takes about
 * 1.4 µs.
 */

import { Ledger } from '../../engine/storage/ledger.ts'
import type { BenchCase } from './bench-case.ts'

const COUNTS = 100_000

function countCase(name: string, ledgerOf: () => Ledger, direction: 'read' | 'write'): BenchCase {
  return {
    name,
    unit: 'counts',
    opsPerIteration: COUNTS,
    referenceOpsPerSecond: null,
    setup() {
      const ledger = ledgerOf()
      const account = Ledger.account('compaction', 1)
      return () => {
        for (let count = 0; count < COUNTS; count++) {
          if (direction === 'write') ledger.countWrite(account, 'data', count & 4095)
          else ledger.countRead(account, 'data', count & 4095)
        }
      }
    },
  }
}

const ofOneThread = () => new Ledger()
const shared = () => Ledger.over(new Ledger().share())

export const cases: readonly BenchCase[] = [
  countCase('ledger, one write', ofOneThread, 'write'),
  countCase('ledger, one read', ofOneThread, 'read'),
  countCase('shared ledger, one write', shared, 'write'),
  countCase('shared ledger, one read', shared, 'read'),
]
