/** Which files an open keeps because they may hold lost writes, and which numbers are taken. */

import { describe, expect, test } from 'vitest'
import { Ledger, liveBytes } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { countFolder, folderBytes } from '../storage/storage.ts'
import { never, openTest } from '../testing/fixtures.ts'
import { schedulesFrom } from '../testing/interleavings.ts'
import { flip, replace, tag } from '../testing/log-fixtures.ts'
import {
  create,
  expectRefused,
  faultsIn,
  filesIn,
  keysUpTo,
  leaveOut,
  MODES,
  onlyLog,
  open as openAs,
  write,
  written,
} from '../testing/recovery-fixtures.ts'
import type { LogRecoveryMode } from '../wal/log-reader.ts'

const SCHEDULES = schedulesFrom(3, 1)

describe.each(SCHEDULES)('a file that may hold lost writes, jobs %s,', (schedule) => {
  const open = (storage: MemoryStorage, mode: LogRecoveryMode) => openAs(storage, mode, schedule)

  test('is kept if it is an orphaned table with newer writes or one that cannot be read', () => {
    const storage = written(10)
    const { db, storage: other } = openTest({ strategy: never })
    write(db, 0, 10)
    db.flush()
    const table = other.readAll(`/db/${filesIn(other, '.sst')[0]}`, tag)
    db.close()
    const { db: small, storage: third } = openTest({ strategy: never })
    write(small, 0, 3)
    small.flush()
    const early = third.readAll(`/db/${filesIn(third, '.sst')[0]}`, tag)
    small.close()
    create(storage, '/db/000800.sst', table)
    create(storage, '/db/000801.sst', table.slice(0, -20))
    create(storage, '/db/000802.sst', early)
    leaveOut(storage, onlyLog(storage), 4, 1)
    const log = onlyLog(storage).slice(4)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(4),
      recovery: {
        lost: {
          seqFrom: 5,
          seqTo: 10,
          files: ['000800.sst.lost', '000801.sst.lost', `${log}.lost`],
        },
      },
    })
    expect(filesIn(storage, '.lost')).toEqual(
      [`${log}.lost`, '000800.sst.lost', '000801.sst.lost'].sort(),
    )
    expect(filesIn(storage, '.sst')).not.toContain('000802.sst')
    expect(storage.readAll('/db/000800.sst.lost', tag)).toEqual(table)
  })

  test('is not kept after a crash, which loses only the end of a log', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    replace(storage, log, storage.readAll(log, tag).slice(0, -3))
    expect(open(storage, 'tolerate-corrupted-tail')).toMatchObject({
      keys: keysUpTo(9),
      recovery: { lost: null },
    })
    expect(filesIn(storage, '.lost')).toEqual([])
  })

  test('keeps its number, and the ledger stays balanced', () => {
    const storage = written(10)
    leaveOut(storage, onlyLog(storage), 4, 1)
    const ledger = new Ledger()
    const copy = storage.powerLoss({ bytes: 'kept', names: 'kept' }, ledger)
    countFolder(copy, ledger, '/db')
    open(copy, 'point-in-time')
    expect(liveBytes(ledger.balance())).toBe(folderBytes(copy, '/db'))
    const before = filesIn(copy, '.lost')
    expect(before).toHaveLength(1)
    open(copy, 'point-in-time')
    expect(filesIn(copy, '.lost')).toEqual(before)
    expect(onlyLog(copy) > `/db/${before[0]}`).toBe(true)
  })

  test('does not make an open refuse if the log is damaged during a flush', () => {
    const storage = written(10)
    const { db, storage: other } = openTest({ strategy: never })
    write(db, 0, 10)
    db.flush()
    create(storage, '/db/000800.sst', other.readAll(`/db/${filesIn(other, '.sst')[0]}`, tag))
    const log = onlyLog(storage)
    replace(storage, log, flip(30)(storage.readAll(log, tag)))
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: [],
      recovery: {
        lost: { seqFrom: 1, seqTo: 10, files: expect.arrayContaining(['000800.sst.lost']) },
      },
    })
  })

  test('has a number that is never used again', () => {
    const storage = written(10)
    create(storage, '/db/000900.log.lost', new Uint8Array(1))
    open(storage, 'absolute')
    expect(onlyLog(storage) > '/db/000900.log').toBe(true)
    expect(storage.list('/db')).toContain('000900.log.lost')
  })

  test('is a damaged log with whole batches behind the damage', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    replace(storage, log, flip(30)(storage.readAll(log, tag)))
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: [],
      recovery: { lost: { seqFrom: 1, seqTo: null, files: [`${log.slice(4)}.lost`] } },
    })
  })
})

describe.each(SCHEDULES)('names that are taken, jobs %s:', (schedule) => {
  const open = (storage: MemoryStorage, mode: LogRecoveryMode) => openAs(storage, mode, schedule)

  test('a folder named like the next file does not stop the next flush', () => {
    const storage = written(10)
    for (let number = 3; number < 60; number++) {
      storage.makeFolder(`/db/${String(number).padStart(6, '0')}.sst`)
      storage.makeFolder(`/db/${String(number).padStart(6, '0')}.log`)
    }
    expect(MODES.map((mode) => open(storage, mode))).toMatchObject(
      MODES.map(() => ({ keys: keysUpTo(10) })),
    )
  })

  test.each(['9007199254740991.log', '9007199254740991.sst', 'MANIFEST-9007199254740991'])(
    'a stray %s is named and refused',
    (name) => {
      const storage = written(10)
      create(storage, `/db/${name}`, new Uint8Array(0))
      expectRefused(storage, MODES, /not a file of this database, whose next number is 3/)
      expect(faultsIn(storage)).toEqual([expect.stringContaining(name)])
      storage.remove(`/db/${name}`)
      expect(open(storage, 'absolute')).toMatchObject({ keys: keysUpTo(10) })
    },
  )

  test.each(['1125899906842624.log', '999999.log', '18446744073709551615.log', '999999.sst'])(
    'an empty stray %s changes nothing that is read',
    (name) => {
      const storage = written(10)
      create(storage, `/db/${name}`, new Uint8Array(0))
      for (let round = 0; round < 3; round++) {
        expect(open(storage, 'absolute')).toMatchObject({ keys: keysUpTo(10) })
      }
    },
  )
})
