import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { CompactionStrategy, TreeView } from '../compaction/strategy.ts'
import { FaultStorage } from '../storage/fault-storage.ts'
import { Ledger, liveBytes } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { countFolder, folderBytes } from '../storage/storage.ts'
import { bytes, everyNth, never, openTest } from '../testing/fixtures.ts'
import { flip, killed, replace, tag } from '../testing/log-fixtures.ts'
import {
  copyOf,
  create,
  expectRefused,
  faultsIn,
  filesIn,
  keysUpTo,
  leaveOut,
  MODES,
  type Opened,
  onlyLog,
  open,
  recordsBytes,
  recordsOf,
  rewrite,
  write,
  written,
} from '../testing/recovery-fixtures.ts'
import type { DatabaseEvent } from './events.ts'
import { exportDatabase } from './offline/export.ts'

describe('a log that does not continue', () => {
  test.each([
    ['the first batch', 0, /at offset 0: batch of seq 2, 1 is expected$/, 0],
    ['a batch in the middle', 4, /batch of seq 6, 5 is expected$/, 4],
  ] as const)('because %s is missing', (_, at, message, kept) => {
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

  test('because a later log leaves a gap behind a torn one', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, records.slice(0, 4))
    const torn = storage.readAll(log, tag).slice(0, -5)
    replace(storage, log, torn)
    rewrite(storage, '/db/000900.log', records.slice(6))
    expect(faultsIn(storage)).toEqual([
      expect.stringMatching(/torn payload: \d+ bytes are lost$/),
      '/db/000900.log at offset 0: batch of seq 7, 4 is expected',
    ])
    expectRefused(storage, ['tolerate-corrupted-tail'], /seq 7, 4 is expected/)
    expectRefused(storage, ['absolute'], /torn payload/)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(3),
      recovery: { lost: { seqFrom: 4, seqTo: 10, files: ['000900.log.lost'] } },
    })
  })

  test('but goes on with a later log that leaves no gap behind a torn one', () => {
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

  test('because a stray one, of older writes, has the largest number', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    rewrite(storage, '/db/999999.log', recordsOf(storage.readAll(log, tag)).slice(0, 3))
    const message = /999999.log at offset 0: batch of seq 1, 11 is expected$/
    expect(faultsIn(storage)).toEqual([expect.stringMatching(message)])
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], message)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(10),
      recovery: { lost: { seqFrom: 11, seqTo: null, files: ['999999.log.lost'] } },
    })
  })

  test('because a record in it, checksum and all, is no batch', () => {
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

test('a manifest that ends before it names a log is refused where there is data', () => {
  const { db, storage } = openTest({ strategy: never })
  write(db, 0, 10)
  db.flush()
  db.close()
  const manifest = `/db/${storage.list('/db').find((name) => name.startsWith('MANIFEST'))}`
  leaveOut(storage, manifest, 1, 10)
  expectRefused(storage, MODES, /names no log, yet there is data|has lost its last edits/)
  expect(faultsIn(storage)).toEqual([
    expect.stringMatching(/the manifest names no log, yet there is data$/),
    expect.stringMatching(/the manifest has lost its last edits/),
  ])
})

test.each(['closed', 'killed'])(
  'a manifest without one of its edits hides no write (%s)',
  (how) => {
    const { db, storage } = openTest({ strategy: everyNth(3) })
    for (let from = 0; from < 400; from += 10) {
      write(db, from, from + 10)
      if (from % 20 === 0) db.flush()
    }
    if (how === 'closed') db.close()
    const left = killed(storage)
    const manifest = `/db/${left.list('/db').find((name) => name.startsWith('MANIFEST'))}`
    const records = recordsOf(left.readAll(manifest, tag)).length
    const refused: number[] = []
    for (let at = 1; at < records; at++) {
      const copy = copyOf(left)
      leaveOut(copy, manifest, at, 1)
      const opened = open(copy, 'point-in-time')
      if (isLsmError(opened)) refused.push(at)
      else if (opened.recovery?.lost == null)
        expect(opened.keys, `edit ${at}`).toEqual(keysUpTo(400))
    }
    expect(refused.length).toBeGreaterThan(20)
  },
)

test('a damaged record of the options is refused before anything changes', () => {
  const storage = written(10)
  replace(storage, '/db/OPTIONS.json', bytes('{'))
  create(storage, '/db/000900.sst', bytes('left behind'))
  expectRefused(storage, MODES, /OPTIONS.json: is no options record/)
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
  ])('is told when it was %s', (_, kept) => {
    const storage = closed(10)
    leaveOut(storage, onlyLog(storage), kept, 10)
    const message = `/db: the logs end at seq ${kept}; it was closed at seq 10`
    expect(faultsIn(storage)).toEqual([message])
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], /closed at seq 10/)
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(kept),
      recovery: { damage: message, lost: { seqFrom: kept + 1, seqTo: 10, files: [] } },
    })
    expect(faultsIn(storage)).toEqual([])
  })

  test('is no crash’s log when it was cut inside a batch', () => {
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

  test('is told when it is missing', () => {
    const storage = closed(10)
    storage.remove(onlyLog(storage))
    expect(open(storage, 'point-in-time')).toMatchObject({
      recovery: { lost: { seqFrom: 1, seqTo: 10 } },
    })
  })

  test('is no such thing after a close that failed', () => {
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
  test('though the manifest names it, is told', () => {
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

  test('and empty as the next one shows, loses nothing, yet is told', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    storage.rename(log, '/db/000900.log')
    expect(faultsIn(storage)).toEqual([expect.stringMatching(/the log is missing/)])
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: keysUpTo(10),
      recovery: { damage: expect.stringMatching(/the log is missing/), lost: null },
    })
  })

  test('is no such thing after an open, a flush, a close or a kill', () => {
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

describe('a manifest that lost its last edits', () => {
  const manifestOf = (storage: MemoryStorage) =>
    `/db/${storage.list('/db').find((name) => name.startsWith('MANIFEST'))}`
  const lost = /the manifest has lost its last edits: it ends at seq \d+, and .*000\d+.sst/

  test.each([
    ['torn inside the last edit', false],
    ['cut behind its last edit but one', true],
  ])('%s is refused in every mode, and no file is touched', (_, wholeRecords) => {
    const storage = written(200)
    const path = manifestOf(storage)
    if (wholeRecords) leaveOut(storage, path, -1, 1)
    else replace(storage, path, storage.readAll(path, tag).slice(0, -1))
    expect(faultsIn(storage).length).toBeGreaterThan(1)
    expectRefused(storage, ['point-in-time'], lost)
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], /the log is missing/)
    expect(() => exportDatabase(storage, '/db', '/out')).toThrow(lost)
  })

  test('is seen wherever it is cut behind its snapshot', () => {
    const storage = written(200)
    const records = recordsOf(storage.readAll(manifestOf(storage), tag))
    // The edit of the open, and one for each flush.
    expect(records.length).toBeGreaterThan(4)
    for (let kept = 1; kept < records.length; kept++) {
      const copy = copyOf(storage)
      rewrite(copy, manifestOf(copy), records.slice(0, kept))
      expect(faultsIn(copy).length, `${kept} records`).toBeGreaterThan(0)
      expectRefused(copy, ['point-in-time'], lost)
    }
  })

  test('opens at an earlier state when its owner moves the tables away', () => {
    const storage = written(200)
    const flushed = filesIn(storage, '.sst')
    leaveOut(storage, manifestOf(storage), -1, 1)
    const orphan = flushed.at(-1)!
    storage.rename(`/db/${orphan}`, `/db/${orphan}.mine`)
    const log = onlyLog(storage).slice(4)
    const found = open(storage, 'point-in-time') as Opened
    expect(found.keys).toEqual(keysUpTo(found.keys.length))
    expect(found.recovery).toMatchObject({
      lost: { seqFrom: found.keys.length + 1, seqTo: 200, files: [`${log}.lost`] },
    })
    expect(storage.list('/db')).toContain(`${orphan}.mine`)
  })

  test('is no such thing where a flush did not come to its edit', () => {
    const storage = written(10)
    const { db, storage: other } = openTest({ strategy: never })
    write(db, 0, 10)
    db.flush()
    create(storage, '/db/000800.sst', other.readAll(`/db/${filesIn(other, '.sst')[0]}`, tag))
    db.close()
    expect(open(storage, 'absolute')).toMatchObject({ keys: keysUpTo(10) })
    expect(storage.list('/db')).not.toContain('000800.sst')
  })
})

describe('what may hold lost writes', () => {
  test('is kept: tables of jobs that did not finish, and those that cannot be read', () => {
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

  test('is not gathered by a crash, which takes the end of a log at most', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    replace(storage, log, storage.readAll(log, tag).slice(0, -3))
    expect(open(storage, 'tolerate-corrupted-tail')).toMatchObject({
      keys: keysUpTo(9),
      recovery: { lost: null },
    })
    expect(filesIn(storage, '.lost')).toEqual([])
  })

  test('keeps its number, and the ledger its balance', () => {
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

  test('does not lead to a refusal where the log rots that a flush was under way of', () => {
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

  test('has its number taken for good', () => {
    const storage = written(10)
    create(storage, '/db/000900.log.lost', new Uint8Array(1))
    open(storage, 'absolute')
    expect(onlyLog(storage) > '/db/000900.log').toBe(true)
    expect(storage.list('/db')).toContain('000900.log.lost')
  })

  test('is a log that rotted with whole batches behind', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    replace(storage, log, flip(30)(storage.readAll(log, tag)))
    expect(open(storage, 'point-in-time')).toMatchObject({
      keys: [],
      recovery: { lost: { seqFrom: 1, seqTo: null, files: [`${log.slice(4)}.lost`] } },
    })
  })
})

describe('names that are taken', () => {
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

describe('the state of a strategy', () => {
  /** Merges every two runs and counts its picks in its state. */
  function counting(name: string): CompactionStrategy<Json> {
    const inner = everyNth(2)
    const pick = (view: TreeView<Json>) => {
      const spec = inner.pick(view as TreeView)
      return spec === null ? null : { ...spec, nextState: (view.state as number) + 1 }
    }
    return { ...(inner as CompactionStrategy<Json>), name, initialState: 0, pick }
  }

  /** The state that a strategy is shown first after a reopen, and how many picks were made before. */
  function stateAfter(reopened: string, end: 'a close' | 'a power loss') {
    const merges: DatabaseEvent[] = []
    const onEvent = (event: DatabaseEvent) => event.kind === 'merge' && merges.push(event)
    const { db, storage } = openTest({ strategy: counting('counting') as never, onEvent })
    write(db, 0, 300)
    if (end === 'a close') db.close()
    const after = storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
    const seen: Json[] = []
    const strategy = counting(reopened)
    const pick = (view: TreeView<Json>) => {
      seen.push(view.state)
      return strategy.pick(view)
    }
    const { db: again } = openTest({ storage: after, strategy: { ...strategy, pick } as never })
    again.flush()
    again.close()
    return { state: seen[0], picks: merges.length }
  }

  test.each(['a close', 'a power loss'] as const)('comes back after %s', (end) => {
    const { state, picks } = stateAfter('counting', end)
    expect(picks).toBeGreaterThan(3)
    expect(state).toBe(picks)
    expect(stateAfter('another', end).state).toBe(0)
  })
})
