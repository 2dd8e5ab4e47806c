// RocksDB's reader checks our log and batches. It ignores torn tails silently, so the test compares
// the printed records.

import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ledger } from '../storage/ledger.ts'
import { NodeStorage } from '../storage/node-storage.ts'
import { dumpWal, hasRocksdbTools, temporaryFolder } from '../testing/rocksdb/rocksdb-tools.ts'
import { LOG_BLOCK_BYTES } from './log-format.ts'
import { LogWriter } from './log-writer.ts'
import { WriteBatch } from './write-batch.ts'

const present = hasRocksdbTools('ldb')
const folder = temporaryFolder('wal')

const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex').toUpperCase()}`

type Operation = readonly [key: Uint8Array, value: Uint8Array | null]

const operations = fc.array(
  fc.tuple(
    fc.uint8Array({ maxLength: 20 }),
    fc.option(fc.oneof(fc.uint8Array({ maxLength: 60 }), blob(300), blob(70_000))),
  ),
  { maxLength: 5 },
)

function blob(bytesMax: number): fc.Arbitrary<Uint8Array> {
  return fc.nat(bytesMax).map((length) => new Uint8Array(length).fill(length))
}

/** The text that `ldb dump_wal` prints for a batch appended to a log of `offset` bytes. */
function printed(
  seq: number,
  batch: WriteBatch,
  offset: number,
  list: readonly Operation[],
): string {
  const records = list.map(([key, value]) =>
    value === null ? `DELETE(0) : ${hex(key)} ` : `PUT(0) : ${hex(key)} : ${hex(value)} `,
  )
  return `${seq},${batch.count},${batch.byteLength},${offset},${records.join('')}`
}

test.skipIf(!present)('ldb dumps exactly the batches written', () => {
  const storage = new NodeStorage(new Ledger())
  let number = 1
  fc.assert(
    fc.property(fc.array(operations, { minLength: 1, maxLength: 12 }), (batches) => {
      const path = join(folder, `${String(number++).padStart(6, '0')}.log`)
      const log = new LogWriter(storage.create(path, { cause: 'wal', level: -1 }))
      const lines: string[] = []
      let seq = 1
      for (const list of batches) {
        const batch = new WriteBatch()
        for (const [key, value] of list) value ? batch.put(key, value) : batch.delete(key)
        batch.setSeq(seq)
        lines.push(printed(seq, batch, log.bytes, list))
        log.append(batch.view())
        seq += list.length
      }
      log.close()
      expect(dumpWal(path)).toMatchObject({ lines, complaints: '' })
    }),
    { numRuns: 25 },
  )
})

test.skipIf(!present).each([0, 1, 6, 7, 8])(
  'ldb dumps a batch that ends %i bytes before a block end',
  (left) => {
    const path = join(folder, `left-${left}.log`)
    const log = new LogWriter(
      new NodeStorage(new Ledger()).create(path, { cause: 'wal', level: -1 }),
    )
    // Log header, batch header, tag, key length, key, value length: 7 + 12 + 1 + 1 + 1 + 3 bytes.
    const value = new Uint8Array(LOG_BLOCK_BYTES - left - 25)
    const lines = [value, value, Uint8Array.of(1)].map((each, index) => {
      const batch = new WriteBatch()
      batch.put(Uint8Array.of(index), each)
      batch.setSeq(index)
      const offset = log.bytes
      log.append(batch.view())
      if (index === 0) expect(log.bytes).toBe(LOG_BLOCK_BYTES - left)
      return printed(index, batch, offset, [[Uint8Array.of(index), each]])
    })
    log.close()
    expect(dumpWal(path)).toMatchObject({ lines, complaints: '' })
  },
)
