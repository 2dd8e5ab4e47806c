/**
 * A process that may not write files past a size (`ulimit -f`), for node-storage.test.ts. The
 * append that crosses the limit is first cut short, then refused.
 */

import { isLsmError } from '../../base/errors.ts'
import { Ledger, liveBytes, sumCells } from '../ledger.ts'
import { NodeStorage } from '../node-storage.ts'
import { joinPath } from '../storage.ts'

const ledger = new Ledger()
const storage = new NodeStorage(ledger)
const file = storage.create(joinPath(process.argv[2]!, 'a'), { cause: 'wal', level: -1 })
let message = ''
try {
  file.append(new Uint8Array(100_000), 'data')
} catch (error) {
  if (!isLsmError(error, 'LSM_IO')) throw error
  message = error.message
}
console.log(
  JSON.stringify({
    message,
    fileBytes: storage.size(file.path),
    handleBytes: file.bytes,
    liveBytes: liveBytes(ledger.balance()),
    written: sumCells(ledger.cells(), { direction: 'write' }),
  }),
)
