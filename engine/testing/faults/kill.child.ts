/**
 * The process that kill.test.ts kills. It writes entry after entry into the given folder, in turn
 * blocking, blocking with sync, and promised, and prints each index when the write is acknowledged.
 * It never ends by itself.
 */

import { writeSync } from 'node:fs'
import { Database } from '../../db/database.ts'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { everyNth } from '../fixtures.ts'
import { entryAt, KILL_OPTIONS } from './kill-entries.ts'

const [folder, first] = process.argv.slice(2) as [string, string]
const storage = new NodeStorage(new Ledger())
const db = Database.open({ storage, folder, strategy: everyNth(3), options: KILL_OPTIONS })

for (let index = Number(first); ; index++) {
  const { key, value } = entryAt(index)
  const batch = new WriteBatch()
  batch.put(key, value)
  if (index % 3 === 0) await db.write(batch, { sync: index % 60 === 0 })
  else db.writeSync(batch, { sync: index % 50 === 1 })
  writeSync(1, `${index}\n`)
}
