import { describe, expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { LsmError } from '../base/errors.ts'
import { MemTable } from '../memtable/memtable.ts'
import { openGate, type WriteAdmission } from '../scheduling/write-gate.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, openTest, text } from '../testing/fixtures.ts'
import { CommitHistory } from '../transaction/commit-history.ts'
import { BATCH_HEADER_BYTES, WriteBatch } from '../wal/write-batch.ts'
import type { Durability } from './call-options.ts'
import { type CommitHead, Commits } from './commits.ts'
import { Health } from './health.ts'
import { IntervalSync } from './interval-sync.ts'

const coded = (code: string) => expect.objectContaining({ code })
const GROUP_BYTES = 1024 * 1024

/** A batch of so many bytes that puts key `k<number>`. */
function batchOf(number: number, byteLength = 64): WriteBatch {
  const key = bytes(`k${number}`)
  // Tag, key length and key. The length of the value takes one to four bytes.
  const head = BATCH_HEADER_BYTES + 2 + key.length
  const valueBytes = [1, 2, 3, 4].map((prefix) => byteLength - head - prefix)
  for (const length of valueBytes) {
    const batch = new WriteBatch()
    batch.put(key, new Uint8Array(length))
    if (batch.byteLength === byteLength) return batch
  }
  throw new Error(`no batch has ${byteLength} bytes`)
}

/** A head whose appends are listed and whose syncs end, or fail, when the test says so. */
class FakeHead implements CommitHead {
  readonly memtable = new MemTable({ capacityBytes: 8 * GROUP_BYTES, seed: 1 })
  lastSeq = 0
  /** Batches of each append. */
  readonly groups: number[] = []
  readonly groupBytes: number[] = []
  /** Ends the oldest asynchronous sync under way, with an error where one is given. */
  readonly syncs: ((error?: Error) => void)[] = []
  blockingSyncs = 0
  appendFailure: Error | null = null

  /** `lastSeq` at each publication. */
  readonly published: number[] = []

  nowMs = () => 0

  publish(): void {
    this.published.push(this.lastSeq)
  }

  append(batches: readonly WriteBatch[]): readonly WriteBatch[] {
    if (this.appendFailure !== null) throw this.appendFailure
    this.groups.push(batches.length)
    this.groupBytes.push(batches.reduce((sum, { byteLength }) => sum + byteLength, 0))
    return batches
  }

  sync(): void {
    this.blockingSyncs++
  }

  syncAsync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.syncs.push((error) => (error === undefined ? resolve() : reject(error)))
    })
  }
}

interface CommitOptions {
  readonly sync?: Durability
  readonly byteLength?: number
}

function setUp(admission: WriteAdmission = openGate) {
  const head = new FakeHead()
  const health = new Health('/db')
  const clock = new ManualClock()
  const interval = new IntervalSync({
    timers: clock,
    nowMs: () => clock.nowMs(),
    intervalMs: 1000,
    sync: () => head.sync(),
    syncAsync: () => head.syncAsync(),
    failed: (cause) => health.fail(cause, false),
  })
  const host = {
    assertWritable: () => health.assertWritable(),
    committed: () => {},
    failed: (cause: unknown, isTold?: boolean) => health.fail(cause, isTold),
  }
  const history = new CommitHistory()
  const commits = new Commits({ head, host, admission, interval, history, defaultSync: false })
  /** How each promised write ended, in the order in which they did. */
  const ends: string[] = []
  const commit = (number: number, { sync = false, byteLength = 64 }: CommitOptions = {}) =>
    commits.commit(
      batchOf(number, byteLength),
      sync,
      () => ends.push(`${number}`),
      (cause) => ends.push(`${number} ${(cause as LsmError).code}`),
    )
  return { clock, head, health, commits, ends, commit }
}

/** Until all that promises have set off is done. */
const settled = () => new Promise((resolve) => setImmediate(resolve))
const eio = () => new LsmError('LSM_IO', 'sync failed')

describe('a commit group', () => {
  test('takes the writes promised in one tick, up to a MiB, and all groups are committed', async () => {
    const { head, ends, commit } = setUp()
    const byteLength = GROUP_BYTES / 16
    for (let number = 0; number < 40; number++) commit(number, { byteLength })
    await settled()
    expect(head.groups).toEqual([16, 16, 8])
    expect(ends).toEqual(Array.from({ length: 40 }, (_, number) => `${number}`))
  })

  test('ends with the batch that reaches or passes the limit', async () => {
    const half = GROUP_BYTES / 2
    for (const [sizes, groups] of [
      [
        [half, half, half],
        [2, 1],
      ],
      [
        [half, half - 1, half, half],
        [3, 1],
      ],
      [
        [half, half + 1, half],
        [2, 1],
      ],
      [
        [3 * GROUP_BYTES, 64, 64],
        [1, 2],
      ],
      [
        [64, 3 * GROUP_BYTES, 64],
        [2, 1],
      ],
    ] as const) {
      const { head, ends, commit } = setUp()
      for (const [number, byteLength] of sizes.entries()) commit(number, { byteLength })
      await settled()
      expect(head.groups).toEqual(groups)
      expect(head.groupBytes.reduce((a, b) => a + b)).toBe(sizes.reduce<number>((a, b) => a + b, 0))
      expect(ends).toHaveLength(sizes.length)
    }
  })

  test('waits for the sync of the previous group, then follows without another write', async () => {
    const { head, ends, commit } = setUp()
    commit(0, { sync: true })
    await settled()
    for (let number = 1; number < 20; number++) commit(number, { byteLength: GROUP_BYTES / 4 })
    await settled()
    expect(ends).toEqual([])
    expect(head.groups).toEqual([1])
    head.syncs.shift()!()
    await settled()
    expect(head.groups).toEqual([1, 4, 4, 4, 4, 3])
    expect(ends).toEqual(Array.from({ length: 20 }, (_, number) => `${number}`))
  })

  test('shares one sync if any of its writes asked for it, and is invisible before', async () => {
    const { head, ends, commit } = setUp()
    commit(0)
    commit(1, { sync: true })
    commit(2)
    await settled()
    expect([head.lastSeq, ends, head.syncs.length]).toEqual([0, [], 1])
    expect(head.published).toEqual([])
    head.syncs.shift()!()
    await settled()
    expect([head.lastSeq, ends, head.syncs.length]).toEqual([3, ['0', '1', '2'], 0])
    expect(head.published, 'once for the group').toEqual([3])
  })

  test('is finished by a blocking write, in the order of the calls', async () => {
    const { head, commits, ends, commit } = setUp()
    commit(0, { sync: true })
    await settled()
    for (let number = 1; number < 8; number++) {
      commit(number, { sync: number === 7, byteLength: GROUP_BYTES / 2 })
    }
    commits.commitNow(batchOf(8), false)
    expect(head.groups).toEqual([1, 2, 2, 2, 1, 1])
    expect([head.lastSeq, head.blockingSyncs]).toEqual([9, 2])
    head.syncs.shift()!()
    await settled()
    expect(ends).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    commit(9)
    await settled()
    expect(ends.at(-1)).toBe('9')
  })
})

/** An admission that holds groups until the test lets them go. */
function holding() {
  const asked: number[] = []
  const held: (() => void)[] = []
  let roomWaits = 0
  const admission: WriteAdmission = {
    admit(bytes, resume) {
      asked.push(bytes)
      held.push(resume)
      return false
    },
    waitForRoom() {
      roomWaits++
      held.length = 0
    },
  }
  return { asked, held, admission, roomWaits: () => roomWaits }
}

describe('a group that admission holds', () => {
  test('waits, is asked for once, and goes before the writes that came later', async () => {
    const { asked, held, admission } = holding()
    const { head, ends, commit } = setUp(admission)
    commit(0)
    commit(1)
    await settled()
    commit(2)
    await settled()
    expect([head.groups, asked, ends]).toEqual([[], [128], []])
    held.shift()!()
    await settled()
    expect([head.groups, asked, ends]).toEqual([[2], [128, 64], ['0', '1']])
    held.shift()!()
    await settled()
    expect(ends).toEqual(['0', '1', '2'])
  })

  test('is committed by a blocking call, which waits for room first', async () => {
    const { held, admission, roomWaits } = holding()
    const { head, commits, ends, commit } = setUp(admission)
    commit(0)
    await settled()
    commit(1)
    const resume = held[0]!
    commits.commitNow(batchOf(2), false)
    expect([head.groups, roomWaits()]).toEqual([[1, 1, 1], 3])
    // A late call of the gate changes nothing.
    resume()
    await settled()
    expect([head.groups, ends]).toEqual([
      [1, 1, 1],
      ['0', '1'],
    ])
  })

  test('is refused if the database failed meanwhile', async () => {
    const { held, admission } = holding()
    const { health, head, ends, commit } = setUp(admission)
    commit(0)
    await settled()
    health.fail(eio())
    held.shift()!()
    await settled()
    expect([head.groups, ends]).toEqual([[], ['0 LSM_READ_ONLY']])
  })
})

test('the batches of single puts and deletes are used again, for one entry each', async () => {
  const { db } = openTest()
  const large = new Uint8Array(10_000).fill(1)
  for (let round = 0; round < 3; round++) {
    const values = Array.from({ length: 20 }, (_, key) => bytes(`${round}-${key}`))
    await Promise.all([
      ...values.map((value, key) => db.put(bytes(`${key}`), value)),
      db.put(bytes('large'), large),
      db.delete(bytes('0')),
    ])
    expect(db.lastSeq).toBe((round + 1) * 22)
    expect(db.get(bytes('0'))).toBeUndefined()
    expect(db.get(bytes('large'))).toEqual(large)
    for (let key = 1; key < 20; key++) expect(db.get(bytes(`${key}`))).toEqual(values[key])
  }
  await expect(db.put(bytes('0'), null as never)).rejects.toEqual(coded('LSM_INVALID_ARGUMENT'))
  await db.put(bytes('0'), bytes('last'))
  expect(db.lastSeq).toBe(3 * 22 + 1)
  db.close()
})

describe('fdatasyncs per write', () => {
  /** Writers that each wait for their write before the next; returns writes per sync. */
  async function writesPerSync(writers: number, writesEach: number): Promise<number> {
    let syncs = 0
    const storage = new FaultStorage(new MemoryStorage(new Ledger()), {
      onCall({ operation, path }) {
        if (operation === 'sync' && path.endsWith('.log')) syncs++
      },
    })
    const { db } = openTest({ storage: storage as never, options: { memtableBytes: 1024 * 1024 } })
    syncs = 0
    const writer = async (name: number) => {
      for (let write = 0; write < writesEach; write++) {
        await db.put(bytes(`${name}/${write}`), bytes('v'), { sync: true })
      }
    }
    await Promise.all(Array.from({ length: writers }, (_, name) => writer(name)))
    const writes = writers * writesEach
    const perSync = writes / syncs
    db.close()
    return perSync
  }

  test('one writer: exactly one each', async () => {
    expect(await writesPerSync(1, 100)).toBe(1)
  })

  test('64 writers: at most one for 32 writes', async () => {
    expect(await writesPerSync(64, 50)).toBeGreaterThanOrEqual(32)
  })
})

describe('after a failed write', () => {
  test('of a sync, earlier writers get the reason and later ones LSM_READ_ONLY', async () => {
    const { head, health, commits, ends, commit } = setUp()
    commit(0, { sync: true })
    commit(1)
    await settled()
    for (let number = 2; number < 6; number++) {
      commit(number, { sync: number % 2 === 0, byteLength: GROUP_BYTES })
    }
    head.syncs.shift()!(eio())
    await settled()
    expect(ends).toEqual([
      ...['0 LSM_IO', '1 LSM_IO'],
      ...['2 LSM_READ_ONLY', '3 LSM_READ_ONLY', '4 LSM_READ_ONLY', '5 LSM_READ_ONLY'],
    ])
    expect([head.groups, head.lastSeq]).toEqual([[2], 0])
    expect(() => health.assertWritable()).toThrow(coded('LSM_READ_ONLY'))
    commit(6, { sync: true })
    await settled()
    expect(ends.at(-1)).toBe('6 LSM_READ_ONLY')
    expect(() => commits.commitNow(batchOf(7), true)).toThrow(coded('LSM_READ_ONLY'))
  })

  test('of an append, every later group is refused and every writer gets an error', async () => {
    const { head, ends, commit } = setUp()
    for (let number = 0; number < 6; number++) commit(number, { byteLength: GROUP_BYTES / 2 })
    queueMicrotask(() => {
      head.appendFailure = eio()
    })
    await settled()
    expect(ends).toEqual([
      ...['0', '1', '2 LSM_IO', '3 LSM_IO'],
      ...['4 LSM_READ_ONLY', '5 LSM_READ_ONLY'],
    ])
    expect(head.lastSeq).toBe(2)
  })

  test('of memory for the entries, the database is read-only too', async () => {
    for (const sync of [false, true]) {
      const { head, ends, commit } = setUp()
      head.memtable.add = () => {
        throw new RangeError('Array buffer allocation failed')
      }
      commit(0, { sync })
      await settled()
      head.syncs.shift()?.()
      await settled()
      commit(1)
      await settled()
      expect(ends).toEqual(['0 undefined', '1 LSM_READ_ONLY'])
      expect(head.lastSeq).toBe(0)
    }
  })

  test('of a sync whose group a blocking call had finished, the close throws', async () => {
    const { head, health, commits, ends, commit } = setUp()
    commit(0, { sync: true })
    await settled()
    commits.settle()
    head.syncs.shift()!(eio())
    await settled()
    expect(ends).toEqual(['0'])
    expect(() => health.throwUntold()).toThrow(coded('LSM_IO'))
    commit(1)
    await settled()
    expect(ends.at(-1)).toBe('1 LSM_READ_ONLY')
  })

  test('the batches can be changed again', async () => {
    const { head, commits } = setUp()
    const [first, second] = [batchOf(0), batchOf(1)]
    commits.commit(
      first,
      true,
      () => {},
      () => {},
    )
    await settled()
    commits.commit(
      second,
      false,
      () => {},
      () => {},
    )
    expect(() => second.clear()).toThrow(coded('LSM_INVALID_ARGUMENT'))
    head.syncs.shift()!(eio())
    await settled()
    first.clear()
    second.clear()
  })
})

test('a failed promised sync leaves the database read-only for flushes and writes', async () => {
  const memory = new MemoryStorage(new Ledger())
  const storage = new FaultStorage(memory)
  const { db } = openTest({ storage: storage as never })
  await db.put(bytes('before'), bytes('1'))
  const lift = storage.failWhen(
    ({ operation, path }) => operation === 'sync' && path.endsWith('.log'),
    'EIO',
  )
  await expect(db.put(bytes('a'), bytes('1'), { sync: true })).rejects.toThrow(coded('LSM_IO'))
  lift()
  const names = memory.list('/db')
  expect(() => db.flush()).toThrow(coded('LSM_READ_ONLY'))
  expect(() => db.collectValueLog()).toThrow(coded('LSM_READ_ONLY'))
  await expect(db.put(bytes('b'), bytes('1'))).rejects.toThrow(coded('LSM_READ_ONLY'))
  await expect(db.delete(bytes('b'), { sync: true })).rejects.toThrow(coded('LSM_READ_ONLY'))
  expect(memory.list('/db')).toEqual(names)
  expect(Array.from(db.scan(), ([key]) => text(key))).toEqual(['before'])
  db.close()
})
