// Scripts of operations against databases on disk, whose jobs run in threads.

import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setParanoid } from '../../base/assert.ts'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { newDiskFolder } from '../disk-folder.ts'
import { everyNth, RESTLESS_LOG, restless } from '../fixtures.ts'
import { type Place, runScriptIn, type Setup, scriptsWithFullMerges } from './model.ts'
import { runTransactions } from './transaction-history.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const small = { memtableBytes: 4096, blockBytes: 512, blockCacheBytes: 16 * 1024 }
const setups: readonly Setup[] = [
  {
    name: 'two jobs, one frozen memtable',
    create: () => everyNth(2),
    options: { ...small, backgroundJobs: 2, memtablesMax: 1 },
  },
  {
    name: 'three jobs, three frozen memtables',
    create: () => everyNth(3),
    options: { ...small, backgroundJobs: 3, memtablesMax: 3 },
  },
  {
    name: 'a log collected all the time',
    create: () => everyNth(2),
    options: { ...small, memtablesMax: 2, valueLog: RESTLESS_LOG },
    valueLogPolicy: restless,
  },
]

test('a database with jobs in threads and a sorted map answer alike, step by step', async () => {
  const top = newDiskFolder()
  let databases = 0
  await fc.assert(
    fc.asyncProperty(scriptsWithFullMerges(150), async (script) => {
      const ledger = new Ledger()
      const place: Place = {
        storage: new NodeStorage(ledger),
        ledger,
        folder: join(top, `${databases++}`),
        scheduling: 'threads',
      }
      await runScriptIn(place, script, setups)
    }),
    { numRuns: 3, endOnFailure: true },
  )
})

test('transactions are serializable while jobs run in threads', async () => {
  const place = {
    storage: new NodeStorage(new Ledger()),
    folder: join(newDiskFolder(), 'transactions'),
    scheduling: 'threads',
  } as const
  const plan = { seed: 21, isolation: 'serializable', transactions: 500, place } as const
  const { anomalies, committed, conflicts } = await runTransactions(plan)
  expect(anomalies).toEqual([])
  expect(committed).toBeGreaterThan(200)
  expect(conflicts).toBeGreaterThan(50)
})
