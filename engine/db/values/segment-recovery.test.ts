import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../base/clock.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { FaultStorage } from '../../testing/faults/fault-storage.ts'
import { bytes, text } from '../../testing/fixtures.ts'
import { Interleaving, type Schedule, schedulesFrom } from '../../testing/interleavings.ts'
import {
  flip,
  killed,
  large,
  openCollected as openCollectedAs,
  openLog as openLogAs,
  put,
  read,
  replace,
  STUB_BYTES,
  segmentsIn,
  tag,
} from '../../testing/log-fixtures.ts'
import {
  copyOf,
  faultsIn,
  leaveOut,
  onlyLog,
  recordsOf,
  rewrite,
} from '../../testing/recovery-fixtures.ts'
import { tablesOf } from '../../version/run.ts'
import { runsNewestFirst } from '../../version/version.ts'
import type { LogRecoveryMode } from '../../wal/log-reader.ts'
import type { OpenOptions } from '../open-options.ts'

const NAMES = ['a', 'b', 'c', 'd']
const SCHEDULES = schedulesFrom(11, 1)

/** Databases whose jobs run under the schedule. */
function opening(schedule: Schedule) {
  const interleaving = new Interleaving(schedule)
  const jobs = (open: Partial<OpenOptions>) => ({ ...open, ...interleaving.open(open.options) })
  return {
    openLog: (open: Partial<OpenOptions> = {}) => openLogAs(jobs(open)),
    openCollected: (open: Partial<OpenOptions> = {}) => openCollectedAs(jobs(open)),
  }
}

describe.each(SCHEDULES)('a segment that a kill left open, jobs %s,', (schedule) => {
  const { openLog } = opening(schedule)

  test('has no fault for verify if its records are sound', () => {
    const { db, storage } = openLog()
    for (const name of NAMES) put(db, name, large(name))
    const after = killed(storage)
    expect(faultsIn(after)).toEqual([])
    const [segment] = segmentsIn(after)
    const torn = killed(storage, segment!, (content) => Uint8Array.of(...content, 1, 2, 3))
    expect(faultsIn(torn)).toEqual([expect.stringMatching(/torn record/)])
  })

  /**
   * A process that dies before this sync of its segment: the page cache lives on, the disk lacks
   * it.
   */
  function diedBefore(sync: 'of a write' | 'of the footer'): MemoryStorage {
    const memory = new MemoryStorage(new Ledger())
    const storage = new FaultStorage(memory)
    const { db } = openLog({ storage })
    for (const name of NAMES) put(db, name, large(name))
    const isSync = ({ operation, path }: { operation: string; path: string }) =>
      operation === 'sync' && path.endsWith('.blob')
    storage.failWhen(isSync, 'EIO')
    if (sync === 'of a write') expect(() => put(db, 'e', large('e'), true)).toThrow('EIO')
    else expect(() => db.flush()).toThrow('EIO')
    db.close()
    return memory
  }

  test.each(['of a write', 'of the footer'] as const)(
    'before the sync %s survives a power loss after the next open',
    (sync) => {
      const memory = diedBefore(sync)
      openLog({ storage: memory })
      const after = memory.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
      const { db } = openLog({ storage: after })
      expect(NAMES.map((name) => read(db, name))).toEqual(NAMES.map(large))
      db.close()
      expect(faultsIn(after)).toEqual([])
    },
  )

  test.each([200, 1024 * 1024 - 40, 2 * 1024 * 1024])(
    'gives back its values of %i bytes with their write times',
    (valueBytes) => {
      const clock = new ManualClock(1_000_000)
      const { db, storage } = openLog({ clock })
      put(db, 'a', 'x'.repeat(valueBytes))
      clock.advance(50_000)
      const again = openLog({ storage: killed(storage), clock })
      const tables = runsNewestFirst(again.db.version).flatMap(({ run }) => [...tablesOf(run)])
      expect(tables.map(({ oldestWriteAtMs }) => oldestWriteAtMs)).toEqual([1_000_000])
      again.db.close()
      db.close()
    },
  )
})

describe.each(SCHEDULES)('a log, jobs %s,', (schedule) => {
  const { openLog } = opening(schedule)

  test('that points to the record of another key is damaged, even if its segment was open', () => {
    const { db, storage: alive } = openLog()
    for (const name of ['a', 'b']) put(db, name, large(name))
    const storage = killed(alive)
    const log = onlyLog(storage)
    const [first, second] = recordsOf(storage.readAll(log, tag))
    // Keys of one byte, so the batches differ in the key and the pointer alone.
    const swapped = second!.slice()
    const keyAt = 14
    expect([first![keyAt], second![keyAt]]).toEqual([97, 98])
    swapped[keyAt] = 97
    rewrite(storage, log, [first!, swapped])
    const open = (walRecovery: LogRecoveryMode) =>
      openLog({ storage: copyOf(storage), options: { walRecovery } }).db
    expect(() => open('tolerate-corrupted-tail')).toThrow('a record that is not its own')
    const again = open('point-in-time')
    expect(read(again, 'a')).toBe(large('a'))
    again.close()
  })

  test('that is kept as lost keeps the values that its batches point to', () => {
    const { db, storage: alive } = openLog()
    for (const name of ['a', 'b', 'c', 'd']) put(db, name, large(name))
    const storage = killed(alive)
    const [segment] = segmentsIn(storage)
    leaveOut(storage, onlyLog(storage), 0, 1)
    const { db: again } = openLog({ storage, options: { walRecovery: 'point-in-time' } })
    expect([...again.scan()]).toEqual([])
    again.close()
    expect(segmentsIn(storage)).toEqual([])
    expect(text(storage.readAll(`${segment}.lost`, tag))).toContain(large('d'))
  })
})

describe.each(SCHEDULES)('a log that is damaged after a collection, jobs %s,', (schedule) => {
  const { openLog, openCollected } = opening(schedule)

  /** Values in a table, moved by a collection whose new pointers are in the log alone. */
  function collected(): MemoryStorage {
    const { db: first, storage } = openLog()
    for (const name of ['a', 'b', 'c']) put(first, name, large(name))
    first.flush()
    first.close()
    const { db } = openCollected({ storage })
    expect(db.collectValueLog()).toBe(1)
    return killed(storage)
  }

  const exposed =
    /\.sst at offset \d+: the newest entry of a key points to segment \d+, which is spent$/

  test('leaves pointers without values, and verify names their table before and after the open', () => {
    const storage = collected()
    const spent = segmentsIn(storage).filter((path) => storage.size(path) === STUB_BYTES)
    expect(spent.length).toBeGreaterThan(0)
    expect(faultsIn(storage).filter((fault) => exposed.test(fault))).toEqual([])
    const log = onlyLog(storage)
    replace(storage, log, flip(20)(storage.readAll(log, tag)))
    expect(faultsIn(storage)).toContainEqual(expect.stringMatching(exposed))
    openCollected({ storage }).db.close()
    expect(faultsIn(storage)).toEqual([expect.stringMatching(exposed)])
    const { db } = openCollected({ storage })
    expect(() => db.get(bytes('a'))).toThrow(expect.objectContaining({ code: 'LSM_CORRUPTION' }))
    db.close()
  })
})

describe.each(SCHEDULES)('a segment that was spent, jobs %s,', (schedule) => {
  const { openLog, openCollected } = opening(schedule)

  test('becomes a stub again at an open if a power loss kept its data', () => {
    const { db: first, storage: memory } = openLog()
    for (const name of NAMES) put(first, name, large(name))
    first.flush()
    first.close()
    const storage = new FaultStorage(memory)
    const { db } = openCollected({ storage })
    // The manifest says spent; the stub never takes the place of the data.
    storage.failWhen(({ operation }) => operation === 'rename', 'EIO')
    expect(() => db.collectValueLog()).toThrow('EIO')
    db.close()
    const [segment] = segmentsIn(memory)
    expect(memory.size(segment!)).toBeGreaterThan(STUB_BYTES)
    const { db: again } = openLog({ storage: memory })
    expect(memory.size(segment!)).toBe(STUB_BYTES)
    expect(NAMES.map((name) => read(again, name))).toEqual(NAMES.map(large))
    again.close()
    expect(faultsIn(memory)).toEqual([])
    expect(memory.list('/db').filter((name) => name.endsWith('.dbtmp'))).toEqual([])
  })
})
