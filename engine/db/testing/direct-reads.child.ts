/**
 * A process for direct-reads.test.ts: it opens the folder of its first argument with direct reads,
 * jobs in threads, a value log and a reader, and uses all of them.
 */

import { NodeStorage } from '../../storage/node-storage.ts'
import { bytes, everyNth, RESTLESS_LOG, restless } from '../../testing/fixtures.ts'
import { Database } from '../database.ts'
import { openReader } from '../readers/reader.ts'

const [folder] = process.argv.slice(2) as [string]
const db = Database.open({
  storage: new NodeStorage(),
  folder,
  strategy: everyNth(2),
  valueLogPolicy: restless,
  scheduling: 'threads',
  options: {
    memtableBytes: 4096,
    blockBytes: 512,
    maxOpenFiles: 8,
    openTablesMax: 1,
    directReads: true,
    valueLog: RESTLESS_LOG,
  },
})
for (let index = 0; index < 800; index++) {
  await db.put(bytes(`key${index % 90}`), bytes(`${index}`.padEnd(20 + (index % 4) * 40, '.')))
}
db.flush()
const reader = openReader(db.readerChannel())
for (let index = 0; index < 90; index++) {
  db.get(bytes(`key${index}`))
  reader.get(bytes(`key${index}`))
}
reader.close()
db.close()
