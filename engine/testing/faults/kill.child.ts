/**
 * The process that kill.test.ts kills. It writes entry after entry into the given folder, in turn
 * blocking, blocking with sync, and promised, and prints each index when the write is acknowledged.
 * It never ends by itself.
 */

import { writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Database } from '../../db/database.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { everyNth } from '../fixtures.ts'
import { entryAt, KILL_OPTIONS, killStorage } from './kill-entries.ts'

const [folder, first, scheduling, keyed] = process.argv.slice(2) as [
  string,
  string,
  'inline' | 'threads',
  'plain' | 'encrypted',
]
const storage = killStorage(keyed)
const db = Database.open({
  storage,
  folder,
  strategy: everyNth(3),
  options: KILL_OPTIONS,
  scheduling,
})

for (let index = Number(first); ; index++) {
  const { key, value } = entryAt(index)
  const batch = new WriteBatch()
  batch.put(key, value)
  if (index % 3 === 0) await db.write(batch, { sync: index % 60 === 0 })
  else db.writeSync(batch, { sync: index % 50 === 1 })
  if (scheduling === 'threads' && index % 10 === 0) await nextTurn()
  writeSync(1, `${index}\n`)
}
