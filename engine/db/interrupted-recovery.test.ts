import { describe, expect, test } from 'vitest'
import { recoverManifest } from '../manifest/recover.ts'
import { Ledger } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, never, openTest } from '../testing/fixtures.ts'
import { Interleaving, type Schedule, schedulesFrom } from '../testing/interleavings.ts'
import {
  killed,
  large,
  log,
  openLog,
  put,
  replace,
  segmentsIn,
  tag,
} from '../testing/log-fixtures.ts'
import {
  copyOf,
  create,
  filesIn,
  leaveOut,
  onlyLog,
  write,
  written,
} from '../testing/recovery-fixtures.ts'
import type { DatabaseEvent, LostWrites } from './events.ts'

const [INLINE, SEEDED] = schedulesFrom(5, 1) as [Schedule, Schedule]

function closed(count: number): MemoryStorage {
  const { db, storage } = openTest({ strategy: never })
  write(db, 0, count)
  db.close()
  return storage
}

function withValues(): MemoryStorage {
  const { db, storage } = openLog()
  for (const name of ['a', 'b', 'c', 'd']) put(db, name, large(name), true)
  return killed(storage)
}

const DAMAGED: Readonly<Record<string, () => MemoryStorage>> = {
  'a gap in the log': () => {
    const storage = written(10)
    leaveOut(storage, onlyLog(storage), 4, 1)
    return storage
  },
  'a gap at the start of the log': () => {
    const storage = written(10)
    leaveOut(storage, onlyLog(storage), 0, 1)
    return storage
  },
  'a log cut between batches after a clean close': () => {
    const storage = closed(10)
    leaveOut(storage, onlyLog(storage), 6, 10)
    return storage
  },
  'a log cut inside a batch after a clean close': () => {
    const storage = closed(10)
    const path = onlyLog(storage)
    replace(storage, path, storage.readAll(path, tag).slice(0, -5))
    return storage
  },
  'a log emptied after a clean close': () => {
    const storage = closed(10)
    replace(storage, onlyLog(storage), new Uint8Array(0))
    return storage
  },
  'a gap in the log and a table that cannot be read': () => {
    const storage = written(10)
    leaveOut(storage, onlyLog(storage), 4, 1)
    create(storage, '/db/000900.sst', bytes('left behind'))
    return storage
  },
  'a missing log and segments that only it points to': () => {
    const storage = withValues()
    storage.remove(onlyLog(storage))
    return storage
  },
  'rot in the first record of a segment': () => rotten(40),
  'rot in the second record of a segment': () => rotten(180),
}

function rotten(at: number): MemoryStorage {
  const storage = withValues()
  const [segment] = segmentsIn(storage)
  const content = storage.readAll(segment!, tag)
  replace(storage, segment!, content.with(at, content[at]! ^ 1))
  return storage
}

/**
 * What an open tells to be lost; null where nothing is, or where it fails before it has told
 * anything.
 */
function lostAtOpen(storage: Storage, schedule: Schedule = 'inline'): LostWrites | null {
  const events: DatabaseEvent[] = []
  const onEvent = (event: DatabaseEvent) => events.push(event)
  try {
    const jobs = new Interleaving(schedule).open({ valueLog: log })
    openTest({ storage, strategy: never, onEvent, ...jobs }).db.close()
  } catch (error) {
    if (!(storage instanceof FaultStorage)) throw error
  }
  return events.find((event) => event.kind === 'recovery')?.lost ?? null
}

const keptIn = (storage: MemoryStorage) =>
  filesIn(storage, '.lost').map((name) => [name, storage.readAll(`/db/${name}`, tag)])
const logNumberIn = (storage: MemoryStorage) => recoverManifest(storage, '/db')!.logNumber

describe.each(Object.keys(DAMAGED))('an open that finds %s', { timeout: 120_000 }, (name) => {
  const damaged = DAMAGED[name]!()
  const whole = copyOf(damaged)
  const lost = lostAtOpen(whole)!

  test('keeps the files that may hold lost writes unchanged', () => {
    expect(lost.files.toSorted()).toEqual(filesIn(whole, '.lost'))
    const names = whole.list('/db')
    for (const [kept, content] of keptIn(whole)) {
      const was = String(kept).replace('.lost', '')
      expect(content).toEqual(damaged.readAll(`/db/${was}`, tag))
      // What is sound of a segment goes on being used.
      if (!was.endsWith('.blob')) expect(names).not.toContain(was)
    }
  })

  test.each([
    ['a power cut that keeps names', 'kept', 'cutAt', INLINE],
    ['a power cut that loses names', 'lost', 'cutAt', INLINE],
    ['an I/O error', 'kept', 'failAt', INLINE],
    ['a power cut that loses names', 'lost', 'cutAt', SEEDED],
    ['an I/O error', 'kept', 'failAt', SEEDED],
  ] as const)(
    'is repeated by the next one after %s %s %s, jobs %s',
    (_, names, fault, schedule) => {
      let again: LostWrites | null = null
      for (let call = 1; ; call++) {
        const memory = copyOf(damaged)
        const storage = new FaultStorage(memory)
        if (fault === 'cutAt') storage.cutAt(call)
        else storage.failAt(call, 'EIO')
        const told = lostAtOpen(storage, schedule)
        if (storage.calls < call) break
        const after = memory.powerLoss({ bytes: names, names }, new Ledger())
        const isSuperseded = logNumberIn(after) !== logNumberIn(damaged)
        const second = lostAtOpen(after, schedule)
        const where = `at call ${call}, jobs ${schedule}`
        expect(isSuperseded ? told : second, where).toMatchObject({
          seqFrom: lost.seqFrom,
          seqTo: lost.seqTo,
        })
        // A table that the failed open left half written is kept too.
        expect(keptIn(after), where).toEqual(expect.arrayContaining(keptIn(whole)))
        if (!isSuperseded) again = second
      }
      // Just before the edit the table is whole, and holds nothing that is lost.
      expect(again).toEqual(lost)
    },
  )
})
