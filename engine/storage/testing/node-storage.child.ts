/**
 * A separate process for node-storage.test.ts, since /proc/self/io counts a whole process. It
 * writes, syncs and reads through a NodeStorage, and reports the system's count and the ledger's.
 */

import { Ledger } from '../ledger.ts'
import { NodeStorage } from '../node-storage.ts'
import { joinPath } from '../storage.ts'
import { processIo, writtenSince } from './process-io.ts'

const folder = process.argv[2]!

const ledger = new Ledger()
const storage = new NodeStorage(ledger)
const before = processIo()
for (let number = 0; number < 20; number++) {
  const wal = storage.create(joinPath(folder, `${number}.log`), { cause: 'wal', level: -1 })
  const table = storage.create(joinPath(folder, `${number}.sst`), { cause: 'flush', level: 0 })
  for (let size = 1; size < 20_000; size = size * 3 + number) {
    wal.append(new Uint8Array(size), 'data')
    await wal.syncAsync()
    table.append(new Uint8Array(2 * size), 'data')
  }
  table.append(new Uint8Array(53), 'meta')
  table.sync()
  await Promise.all([wal.syncAsync(), wal.syncAsync(), table.syncAsync()])
  wal.close()
  table.close()
  storage.syncFolder(folder)
  storage.truncate(wal.path, 1)
  storage.link(table.path, joinPath(folder, `${number}.linked`))
  storage.readAll(table.path, { cause: 'verify', level: 0 })
  storage.remove(table.path)
}
console.log(JSON.stringify(writtenSince(before, ledger)))
