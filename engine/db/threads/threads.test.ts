import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { SCHEDULING_POLICIES } from '../../../strategies/scheduling/index.ts'
import { Ledger, liveBytes } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { folderBytes, joinPath, type Storage } from '../../storage/storage.ts'
import { newDiskFolder } from '../../testing/disk-folder.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../../testing/fixtures.ts'
import { TreeCheck } from '../../testing/oracles/check-tree.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { Database } from '../database.ts'
import { verifyDatabase } from '../offline/verify.ts'
import type { OpenOptions } from '../open-options.ts'
import { BACKGROUND_JOBS_DEFAULT, type EngineOptionsInput } from '../options.ts'
import { HALF_BYTES } from './testing/half-bytes.ts'
import { threads } from './threads.ts'

const OPTIONS = { memtableBytes: 8 * 1024, blockBytes: 512, memtablesMax: 2, backgroundJobs: 2 }
const KEYS = 400

/** A database on disk, what it must hold, and its checks. */
class Threaded {
  readonly folder = newDiskFolder()
  readonly ledger = new Ledger()
  readonly storage = new NodeStorage(this.ledger)
  readonly oracle = new Map<string, string>()
  #written = 0

  open(open: Partial<OpenOptions> = {}): Database {
    return Database.open({
      folder: this.folder,
      storage: this.storage,
      strategy: everyNth(2),
      scheduling: 'threads',
      options: OPTIONS,
      ...open,
    })
  }

  /** Writes `count` entries; the event loop turns now and then. */
  async write(db: Database, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const index = this.#written++
      const key = `key${(index * 7) % KEYS}`
      const value = `${index}`.padEnd(40 + (index % 60), '.')
      await db.put(bytes(key), bytes(value))
      this.oracle.set(key, value)
      if (index % 10 === 0) await nextTurn()
    }
  }

  expectAll(db: Database, oracle: ReadonlyMap<string, string> = this.oracle): void {
    expect(new Map(Array.from(db.scan(), ([key, value]) => [text(key), text(value)]))).toEqual(
      oracle,
    )
  }

  /** Number of tables that `testing/failing-merges.ts` left. */
  halfTables(): number {
    const { storage, folder } = this
    const tables = storage.list(folder).filter((name) => name.endsWith('.sst'))
    return tables.filter((name) => storage.size(joinPath(folder, name)) === HALF_BYTES).length
  }

  /**
   * After a close: no thread holds a file, the files agree with the tree, and the ledger with the
   * files.
   */
  expectConserved(): void {
    expect(openFilesIn(this.folder)).toEqual([])
    expect(verifyDatabase(this.storage, this.folder).faults).toEqual([])
    expect(liveBytes(this.ledger.balance())).toBe(folderBytes(this.storage, this.folder))
  }
}

/** Paths of the files in `folder` that this process has open, where the system tells. */
function openFilesIn(folder: string): readonly string[] {
  if (process.platform !== 'linux') return []
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return paths.filter((path) => path.startsWith(folder))
}

test('flushes and merges run in threads, and the ledger counts their bytes', async () => {
  const world = new Threaded()
  const db = world.open()
  // Each round leaves two runs or more in level 0, however fast its flushes are.
  for (let round = 0; round < 6; round++) {
    await world.write(db, KEYS / 2)
    db.flush()
  }
  world.expectAll(db)
  new TreeCheck(world.storage, world.folder).check(db.version)
  const { flushes, merges } = db.metrics()
  expect(flushes).toBeGreaterThan(3)
  expect(merges).toBeGreaterThan(3)
  const causes = new Set(world.ledger.cells().map(({ cause }) => cause))
  expect([...causes]).toEqual(expect.arrayContaining(['flush', 'compaction', 'open']))
  db.close()
  world.expectConserved()
  expect(world.ledger.peakLiveBytes).toBeGreaterThanOrEqual(liveBytes(world.ledger.balance()))
})

test('jobs end and are installed while the event loop turns, without a blocking call', async () => {
  const world = new Threaded()
  using db = world.open()
  await world.write(db, KEYS)
  while (db.metrics().merges === 0) await nextTurn()
  world.expectAll(db)
})

test('close waits for running jobs; the next open, inline, finds everything', async () => {
  const world = new Threaded()
  for (let round = 0; round < 3; round++) {
    const db = world.open()
    world.expectAll(db)
    await world.write(db, 150 + 100 * round)
    db.close()
    world.expectConserved()
  }
  using db = world.open({ scheduling: 'inline' })
  world.expectAll(db)
})

test.each([...SCHEDULING_POLICIES])(
  'the policy %s paces threads and loses nothing',
  async (name, create) => {
    const world = new Threaded()
    const db = world.open({
      options: { ...OPTIONS, scheduling: name },
      schedulingPolicy: create(),
    })
    await world.write(db, 2 * KEYS)
    db.flush()
    world.expectAll(db)
    expect(db.metrics().merges).toBeGreaterThan(1)
    await world.write(db, KEYS)
    db.close()
    world.expectConserved()
  },
)

test('snapshots and cursors see the same entries while jobs replace their tables', async () => {
  const world = new Threaded()
  using db = world.open()
  await world.write(db, KEYS)
  db.flush()
  const before = new Map(world.oracle)
  using snapshot = db.snapshot()
  using cursor = db.cursor()
  cursor.seekToFirst()
  await world.write(db, 2 * KEYS)
  db.flush()
  const seen = new Map<string, string>()
  for (; cursor.valid; cursor.next()) seen.set(text(cursor.key()), text(cursor.value()))
  expect(seen).toEqual(before)
  const scanned = Array.from(db.scan({ snapshot }), ([key, value]) => [text(key), text(value)])
  expect(new Map(scanned as [string, string][])).toEqual(before)
  world.expectAll(db)
})

test('merges move values of the log in threads, beside collection', async () => {
  const world = new Threaded()
  const log = { options: { ...OPTIONS, valueLog: RESTLESS_LOG }, valueLogPolicy: restless }
  const db = world.open(log)
  await world.write(db, 4 * KEYS)
  db.flush()
  world.expectAll(db)
  const { valueLog } = db.metrics()
  expect(valueLog.movedBytes).toBeGreaterThan(0)
  expect(valueLog.segmentsCollected).toBeGreaterThan(0)
  db.close()
  world.expectConserved()
  using again = world.open(log)
  world.expectAll(again)
})

test.each([
  ['a full disk', 'full', /ENOSPC/],
  ['a thread that dies', 'dying', /the thread that ran job \d+ \(compaction\) ended .*exit code 3/],
])('%s makes the database read-only with the reason, and loses nothing', async (_, how, reason) => {
  const world = new Threaded()
  const module = new URL(`./testing/${how}.worker.ts`, import.meta.url)
  const db = world.open({ scheduling: threads(module) })
  // On a busy machine many flushes end before the first merge has begun.
  await expect(world.write(db, Number.POSITIVE_INFINITY)).rejects.toThrow(reason)
  expect(() => db.flush()).toThrow(reason)
  await expect(db.put(bytes('x'), bytes('y'))).rejects.toMatchObject({
    code: 'LSM_READ_ONLY',
    message: expect.stringMatching(reason),
  })
  world.expectAll(db)
  db.close()
  // A failed job removes what it wrote; the half table of a dead thread waits for the next open.
  expect(world.halfTables()).toBe(how === 'dying' ? 1 : 0)
  expect(liveBytes(world.ledger.balance())).toBe(folderBytes(world.storage, world.folder))
  const again = world.open()
  world.expectAll(again)
  again.flush()
  again.close()
  expect(world.halfTables()).toBe(0)
  // A thread that was stopped in its job closes its files when it ends, which nobody waits for.
  await expect.poll(() => openFilesIn(world.folder)).toEqual([])
  world.expectConserved()
})

test('blocking calls work when nothing else runs the event loop', () => {
  const world = new Threaded()
  using db = world.open()
  const batchOf = (index: number) => {
    const batch = new WriteBatch()
    batch.put(bytes(`key${index}`), bytes(`${index}`.padEnd(200, '.')))
    return batch
  }
  for (let index = 0; index < 300; index++) {
    db.writeSync(batchOf(index), { sync: index % 50 === 0 })
    world.oracle.set(`key${index}`, `${index}`.padEnd(200, '.'))
    if (index % 100 === 99) db.flush()
  }
  expect(db.metrics().merges).toBeGreaterThan(0)
  world.expectAll(db)
})

/** The most threads that a database starts for one load in which nothing waits for a job. */
async function threadsOf(options: EngineOptionsInput): Promise<number> {
  const world = new Threaded()
  let started = 0
  const count = () => started++
  // Threads of the test before this one are announced late.
  await nextTurn()
  process.on('worker', count)
  try {
    using db = world.open({ options: { ...OPTIONS, memtablesMax: 6, ...options } })
    await world.write(db, 2 * KEYS)
    db.flush()
    world.expectAll(db)
  } finally {
    process.off('worker', count)
  }
  return started
}

test('without a policy, backgroundJobs bounds the threads, also of flushes and of parts', async () => {
  // A merge that pauses for a flush keeps its thread.
  expect(await threadsOf({ backgroundJobs: 1 })).toBeLessThanOrEqual(2)
  expect(await threadsOf({ backgroundJobs: 2, subcompactions: 8 })).toBeLessThanOrEqual(4)
  expect(BACKGROUND_JOBS_DEFAULT).toBe(2)
})

test('a storage that threads cannot share is refused before the folder is touched', () => {
  const storage = new MemoryStorage()
  const open = () =>
    Database.open({ storage, folder: '/db', strategy: everyNth(2), scheduling: 'threads' })
  expect(open).toThrow("scheduling 'threads' needs a storage that threads can share")
  expect(open).toThrow(expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' }))
  expect(storage.list('/db')).toEqual([])
})

/** Notes the slow calls that are made through this handle of the storage. */
class WatchedStorage extends NodeStorage {
  readonly slowCalls: string[] = []

  override create(...call: Parameters<Storage['create']>) {
    const file = super.create(...call)
    const sync = file.sync.bind(file)
    file.sync = () => {
      this.slowCalls.push(`sync ${file.path}`)
      sync()
    }
    return file
  }

  override syncFolder(folder: string): void {
    this.slowCalls.push(`syncFolder ${folder}`)
    super.syncFolder(folder)
  }

  override remove(path: string): void {
    this.slowCalls.push(`remove ${path}`)
    super.remove(path)
  }
}

test('no sync and no removal is made in the thread of the database', async () => {
  const world = new Threaded()
  const storage = new WatchedStorage(world.ledger)
  // A new manifest is started often.
  const db = world.open({ storage, options: { ...OPTIONS, manifestRollBytes: 0 } })
  storage.slowCalls.length = 0
  while (db.metrics().merges < 5) {
    await world.write(db, 10)
    // A memtable far beyond its size is frozen by blocking calls.
    while (db.metrics().memtableRawBytes > OPTIONS.memtableBytes) await setTimeout(1)
  }
  expect(storage.slowCalls).toEqual([])
  expect(db.metrics().flushes).toBeGreaterThan(5)
  db.close()
  expect(liveBytes(world.ledger.balance())).toBe(folderBytes(storage, world.folder))
  const reopened = world.open()
  world.expectAll(reopened)
  reopened.close()
})

test.skipIf(process.platform !== 'linux')('threads of jobs have a low priority', async () => {
  const world = new Threaded()
  const db = world.open()
  await world.write(db, 400)
  db.flush()
  /** `nice` is field 19; the name in field 2 may contain blanks. */
  const niceOf = (thread: string) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  }
  const own = niceOf(`${process.pid}`)
  expect(readdirSync('/proc/self/task').map(niceOf)).toContain(Math.min(own + 10, 19))
  db.close()
})
