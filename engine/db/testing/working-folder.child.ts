/**
 * A process of its own for working-folder.test.ts, since a test's worker cannot change its working
 * folder: opens, verifies and exports databases by relative paths, changing the folder in between.
 */

import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { bytes, everyNth, text } from '../../testing/fixtures.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { Database } from '../database.ts'
import { describeFolder } from '../offline/closed-folder.ts'
import { exportDatabase } from '../offline/export.ts'
import { verifyDatabase } from '../offline/verify.ts'

const root = process.argv[2]!
const [here, there] = [`${root}/here`, `${root}/there`]
mkdirSync(here)
mkdirSync(there)

const storage = new NodeStorage(new Ledger())
const options = { memtableBytes: 4096, valueLog: { thresholdBytes: 512, segmentBytes: 4096 } }
const open = (folder: string) => Database.open({ storage, folder, strategy: everyNth(2), options })

function fill(db: Database, name: string): void {
  for (let number = 0; number < 100; number++) {
    const batch = new WriteBatch()
    batch.put(bytes(`${name}${number}`), new Uint8Array(number % 10 === 0 ? 600 : 60))
    db.writeSync(batch, { sync: number % 10 === 0 })
  }
}

/** Another database, of the same name as seen from the other folder. */
const stranger = open(`${there}/db`)
fill(stranger, 'there')
stranger.close()

process.chdir(here)
const db = open('db')
fill(db, 'a')
const names = readdirSync(`${there}/db`)
process.chdir(there)
fill(db, 'b')
const isLocked = existsSync(`${here}/db/LOCK`)
db.close()
const isReleased = !existsSync(`${here}/db/LOCK`)

process.chdir(here)
exportDatabase(storage, 'db', 'exported')
const { faults } = verifyDatabase(storage, './db')
const { runs } = describeFolder(storage, '../here/db')
const again = open('../here/db/')
const keys = Array.from(again.scan(), ([key]) => text(key))
again.close()

console.log(
  JSON.stringify({
    folder: db.folder,
    isLocked,
    isReleased,
    entries: keys.length,
    faults,
    runs,
    exported: existsSync(`${here}/exported/CURRENT`),
    isUntouched: `${readdirSync(`${there}/db`)}` === `${names}`,
  }),
)
