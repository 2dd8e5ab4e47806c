/** Which batches an open replays from damaged, incomplete or missing logs, and what it reports. */

import { describe, expect, test } from 'vitest'
import { Ledger } from '../storage/ledger.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { everyNth, never, openTest } from '../testing/fixtures.ts'
import { killed, replace, tag } from '../testing/log-fixtures.ts'
import {
  expectRefused,
  faultsIn,
  filesIn,
  keysUpTo,
  leaveOut,
  onlyLog,
  open,
  recordsBytes,
  recordsOf,
  rewrite,
  write,
  written,
} from '../testing/recovery-fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'

describe('a log that begins with copies of the last batches of the log before', () => {
  function announcement(seq: number): Uint8Array {
    const batch = new WriteBatch()
    batch.setSeq(seq)
    return batch.view()
  }

  /** The first log has the batches before `end`, the second those from `from` on. */
  function split(end: number, from: number) {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, records.slice(0, end))
    const copies = end > from ? [announcement(from + 1)] : []
    rewrite(storage, '/db/000900.log', [...copies, ...records.slice(from)])
    return storage
  }

  test.each([
    ['some', 7, 4],
    ['all', 7, 0],
    ['none', 7, 7],
    ['no others', 10, 8],
  ])('is replayed without them: %s', (_, end, from) => {
    expect(faultsIn(split(end, from))).toEqual([])
    expect(open(split(end, from), 'absolute')).toMatchObject({ keys: keysUpTo(10) })
  })

  test('ends the replay if a batch is missing behind them', () => {
    const storage = split(7, 8)
    expect(faultsIn(storage)).toEqual([expect.stringMatching(/batch of seq 9, expected seq 8$/)])
    const copies = split(6, 4)
    leaveOut(copies, '/db/000900.log', 3, 1)
    expect(faultsIn(copies)).toEqual([expect.stringMatching(/batch of seq 8, expected seq 7$/)])
  })

  test('copies elsewhere end the replay', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, [...records.slice(0, 7), ...records.slice(4)])
    expect(faultsIn(storage)).toEqual([expect.stringMatching(/batch of seq 5, expected seq 8$/)])
  })
})

describe('a gap or damage in the logs', () => {
  test.each([
    ['the first batch', 0, /at offset 0: batch of seq 2, expected seq 1$/, 0],
    ['a batch in the middle', 4, /batch of seq 6, expected seq 5$/, 4],
  ] as const)('ends the replay: %s is missing', (_, at, message, kept) => {
    const storage = written(10)
    const log = onlyLog(storage)
    leaveOut(storage, log, at, 1)
    const logBytes = storage.readAll(log, tag)
    expect(faultsIn(storage)).toEqual([expect.stringMatching(message)])
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], message)
    expect(open(storage, 'point-in-time')).toEqual({
      keys: keysUpTo(kept),
      recovery: expect.objectContaining({
        damage: expect.stringMatching(message),
        bytesDropped: logBytes.length - recordsBytes(logBytes, kept),
        lost: { seqFrom: kept + 1, seqTo: 10, files: [`${log.slice(4)}.lost`] },
      }),
    })
    expect(storage.readAll(`${log}.lost`, tag)).toEqual(logBytes)
    expect(faultsIn(storage)).toEqual([])
  })

  test('ends the replay: a later log does not follow a torn one', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, records.slice(0, 4))
    const torn = storage.readAll(log, tag).slice(0, -5)
    replace(storage, log, torn)
    rewrite(storage, '/db/000900.log', records.slice(6))
    expect(faultsIn(storage)).toEqual([
      expect.stringMatching(/torn payload: \d+ bytes are lost$/),
      '/db/000900.log at offset 0: batch of seq 7, expected seq 4',
    ])
    expectRefused(storage, ['tolerate-corrupted-tail'], /seq 7, expected seq 4/)
    expectRefused(storage, ['absolute'], /torn payload/)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(3),
      recovery: { lost: { seqFrom: 4, seqTo: 10, files: ['000900.log.lost'] } },
    })
  })

  test('does not end the replay if a later log follows a torn one without a gap', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, records.slice(0, 5))
    replace(storage, log, storage.readAll(log, tag).slice(0, -5))
    rewrite(storage, '/db/000900.log', records.slice(4))
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(10),
      recovery: { damage: expect.stringMatching(/torn payload/), lost: null },
    })
    expect(filesIn(storage, '.lost')).toEqual([])
  })

  test('is reported: a stray log of older writes has the largest number', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    rewrite(storage, '/db/999999.log', recordsOf(storage.readAll(log, tag)).slice(0, 3))
    const message = /999999.log at offset 0: batch of seq 1, expected seq 11$/
    expect(faultsIn(storage)).toEqual([expect.stringMatching(message)])
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], message)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(10),
      recovery: { lost: { seqFrom: 11, seqTo: null, files: ['999999.log.lost'] } },
    })
  })

  test('ends the replay: a record with a correct checksum is not a batch', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, [...records.slice(0, 3), Uint8Array.of(1, 2, 3), ...records.slice(3)])
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], /write batch of 3 bytes/)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(3),
      recovery: { lost: { seqFrom: 4, seqTo: 10 } },
    })
  })
})

describe('a log that ends before the write the database was closed at', () => {
  const closed = (count: number) => {
    const { db, storage } = openTest({ strategy: never })
    write(db, 0, count)
    db.close()
    return storage
  }

  test.each([
    ['cut between two batches', 7],
    ['emptied', 0],
  ])('is reported if it was %s', (_, kept) => {
    const storage = closed(10)
    leaveOut(storage, onlyLog(storage), kept, 10)
    const message = `/db: the logs end at seq ${kept}; the database was closed at seq 10`
    expect(faultsIn(storage)).toEqual([message])
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], /closed at seq 10/)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(kept),
      recovery: { damage: message, lost: { seqFrom: kept + 1, seqTo: 10, files: [] } },
    })
    expect(faultsIn(storage)).toEqual([])
  })

  test('is damage, not a crash, if it was cut inside a batch', () => {
    const storage = closed(10)
    const log = onlyLog(storage)
    replace(storage, log, storage.readAll(log, tag).slice(0, -5))
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], /torn payload/)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(9),
      recovery: {
        damage: expect.stringMatching(/torn payload/),
        lost: { seqFrom: 10, seqTo: 10, files: [`${log.slice(4)}.lost`] },
      },
    })
  })

  test('is reported if it is missing', () => {
    const storage = closed(10)
    storage.remove(onlyLog(storage))
    expect(open(storage, 'point-in-time')).toMatchObject({
      recovery: { lost: { seqFrom: 1, seqTo: 10 } },
    })
  })

  test('is not reported after a close that failed', () => {
    const memory = openTest({ strategy: never }).storage.powerLoss(
      { bytes: 'kept', names: 'kept' },
      new Ledger(),
    )
    const storage = new FaultStorage(memory)
    const { db } = openTest({ storage: storage as never, strategy: never })
    write(db, 0, 10)
    storage.failWhen(({ operation, path }) => operation === 'sync' && path.endsWith('.log'), 'EIO')
    expect(() => db.close()).toThrow()
    leaveOut(memory, onlyLog(memory), 7, 10)
    expect(open(memory, 'absolute')).toMatchObject({ keys: keysUpTo(7) })
  })
})

describe('a log that is missing', () => {
  test('is reported if the manifest names it', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    storage.remove(log)
    const message = `${log}: the log is missing, and the manifest names it`
    expect(faultsIn(storage)).toEqual([message])
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], /the log is missing/)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: [],
      recovery: { damage: message, lost: { seqFrom: 1, seqTo: null, files: [] } },
    })
    expect(faultsIn(storage)).toEqual([])
  })

  test('is reported without a loss if the next log shows that it was empty', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    storage.rename(log, '/db/000900.log')
    expect(faultsIn(storage)).toEqual([expect.stringMatching(/the log is missing/)])
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(10),
      recovery: { damage: expect.stringMatching(/the log is missing/), lost: null },
    })
  })

  test('is not reported after an open, a flush, a close or a kill', () => {
    const { db, storage } = openTest({ strategy: everyNth(3) })
    const isSound = () => {
      expect(open(killed(storage), 'absolute')).not.toBeInstanceOf(Error)
      expect(faultsIn(killed(storage))).toEqual([])
    }
    isSound()
    write(db, 0, 5)
    isSound()
    db.flush()
    isSound()
    write(db, 5, 300)
    isSound()
    db.close()
    isSound()
  })
})
