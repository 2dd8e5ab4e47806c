import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { LsmError } from '../../base/errors.ts'
import { ALL_KEYS } from '../../compaction/merge-rules.ts'
import { bytes } from '../../testing/fixtures.ts'
import { NO_FILTER, type TableMeta } from '../../version/table-meta.ts'
import type { JobOrder, JobOutcome } from '../job-order.ts'
import { ACTS, type Act } from './testing/acts.ts'
import { ThreadExecutor } from './thread-executor.ts'

const NOTHING: JobOutcome = {
  written: [],
  sealed: [],
  dropped: { shadowed: 0, tombstones: 0 },
  movedBytes: 0,
}

const TABLE: TableMeta = {
  id: 1,
  smallest: bytes('a'),
  largest: bytes('z'),
  bytes: 1,
  entries: 1,
  tombstones: 0,
  rangeDeletions: 0,
  rawKeyBytes: 1,
  rawValueBytes: 0,
  seqMin: 1,
  seqMax: 1,
  createdAtMs: 0,
  oldestWriteAtMs: 0,
  oldestTombstoneAtMs: null,
  filter: NO_FILTER,
  vlogBytes: [],
}

/** The order of a job that acts, or of one that has nothing to do. */
function order(id: number, act: Act | null): JobOrder {
  return {
    id,
    cause: 'compaction',
    snapshots: [],
    ancestry: { createdAtMs: 0, oldestWriteAtMs: 0, oldestTombstoneAtMs: null },
    source: { runs: act === null ? [] : [{ level: ACTS.indexOf(act), tables: [TABLE] }] },
    destinations: [
      {
        level: 1,
        fromKey: null,
        targetTableBytes: null,
        cutKeys: [],
        softCuts: null,
        bitsPerKey: 0,
        olderRanges: [],
      },
    ],
    keys: ALL_KEYS,
    values: null,
  }
}

function newExecutor(beats: Int32Array<SharedArrayBuffer> | null = null): ThreadExecutor {
  const module = new URL('./testing/acting.worker.ts', import.meta.url)
  const executor = new ThreadExecutor(module, beats)
  onTestFinished(() => executor.close())
  return executor
}

type Ends = [id: number, result: JobOutcome | Error][]

function start(executor: ThreadExecutor, ends: Ends, id: number, act: Act | null): void {
  executor.start(order(id, act), (result) => ends.push([id, result]))
}

async function untilEnds(ends: Ends, count: number): Promise<void> {
  while (ends.length < count) await nextTurn()
}

/** Lets the event loop deliver whatever it has. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn()
}

test('the event loop delivers an end once', async () => {
  const executor = newExecutor()
  const ends: Ends = []
  start(executor, ends, 1, null)
  expect(ends, 'not inside start').toEqual([])
  await untilEnds(ends, 1)
  await quiet()
  expect(ends).toEqual([[1, NOTHING]])
})

test('a blocked wait delivers an end once, and the event loop does not deliver it again', async () => {
  const executor = newExecutor()
  const ends: Ends = []
  for (const id of [1, 2, 3]) start(executor, ends, id, null)
  for (const count of [1, 2, 3]) {
    executor.wait()
    expect(ends.length).toBe(count)
  }
  start(executor, ends, 4, null)
  await untilEnds(ends, 4)
  await quiet()
  expect(ends.toSorted(([a], [b]) => a - b)).toEqual([1, 2, 3, 4].map((id) => [id, NOTHING]))
  expect(() => executor.wait()).toThrow('a job runs')
})

test('poll delivers ends without a turn of the event loop, and never waits', () => {
  const executor = newExecutor()
  const ends: Ends = []
  executor.poll()
  start(executor, ends, 1, 'hold')
  start(executor, ends, 2, null)
  start(executor, ends, 3, 'exit')
  while (ends.length < 2) executor.poll()
  executor.poll()
  expect(ends.map(([id]) => id).sort()).toEqual([2, 3])
})

test('jobs may be started inside the end of another, in wait and in the event loop', async () => {
  const executor = newExecutor()
  const ends: Ends = []
  const chain = (id: number) =>
    executor.start(order(id, null), (result) => {
      ends.push([id, result])
      if (id % 3 !== 0) chain(id + 1)
    })
  chain(1)
  while (ends.length < 3) executor.wait()
  chain(4)
  await untilEnds(ends, 6)
  expect(ends.map(([id]) => id)).toEqual([1, 2, 3, 4, 5, 6])
})

test.each(['wait', 'event loop'])(
  'an error keeps code, message, data and causes: %s',
  async (by) => {
    const executor = newExecutor()
    const ends: Ends = []
    start(executor, ends, 1, 'fail')
    if (by === 'wait') executor.wait()
    await untilEnds(ends, 1)
    const error = ends[0]![1] as LsmError
    expect(error).toMatchObject({
      name: 'LsmError',
      code: 'LSM_CORRUPTION',
      message: 't.sst at offset 12: bad block',
      data: { path: 't.sst', offset: 12 },
      cause: {
        code: 'LSM_IO',
        data: { errno: 'EIO' },
        cause: { name: 'Error', message: 'EIO: bad disk', errno: -5, code: 'EIO' },
      },
    })
    expect(error.stack).toContain('acting.worker.ts')
    start(executor, ends, 2, null)
    executor.wait()
    expect(ends[1], 'the thread serves on').toEqual([2, NOTHING])
  },
)

test.each([
  ['exit', 'wait', 'exit code 7'],
  ['exit', 'event loop', 'exit code 7'],
  ['vanish', 'wait', 'killed'],
  ['vanish', 'event loop', 'killed'],
] as const)(
  'a thread that dies (%s) ends its job, and only its job: %s',
  async (act, by, reason) => {
    const executor = newExecutor()
    const ends: Ends = []
    start(executor, ends, 1, 'hold')
    start(executor, ends, 2, act)
    if (by === 'wait') executor.wait()
    await untilEnds(ends, 1)
    await quiet()
    expect(ends.length).toBe(1)
    expect(ends[0]![0]).toBe(2)
    expect(ends[0]![1]).toBeInstanceOf(Error)
    expect(ends[0]![1]).toMatchObject({
      message: `the thread that ran job 2 (compaction) ended before the job: ${reason}`,
    })
    start(executor, ends, 3, null)
    executor.wait()
    expect(ends[1], 'another thread serves on').toEqual([3, NOTHING])
  },
)

test('a module that does not load ends the job with the reason', async () => {
  const executor = new ThreadExecutor(new URL('./testing/missing.worker.ts', import.meta.url), null)
  const ends: Ends = []
  start(executor, ends, 1, null)
  await untilEnds(ends, 1)
  expect(String(ends[0]![1])).toMatch(/job 1 .* ended before the job: Cannot find module/)
  start(executor, ends, 2, null)
  executor.wait()
  expect(ends.length).toBe(2)
  executor.close()
})

test('an order that cannot be posted ends with an error', () => {
  const executor = newExecutor()
  const ends: Ends = []
  const bad = { ...order(1, null), values: { segments: [() => {}] } } as unknown as JobOrder
  executor.start(bad, (result) => ends.push([1, result]))
  expect(String(ends[0]![1])).toContain('could not be cloned')
})

test('a job without a share pauses, and goes on when it has one again', async () => {
  const beats = new Int32Array(new SharedArrayBuffer(8))
  const executor = newExecutor(beats)
  const ends: Ends = []
  const beatsAfter = async (ms: number) => {
    await setTimeout(ms)
    return Atomics.load(beats, 0)
  }
  start(executor, ends, 1, 'hold')
  while (Atomics.load(beats, 0) === 0) await nextTurn()
  for (let round = 0; round < 3; round++) {
    executor.allot(new Map(), null)
    // The thread may be anywhere between two looks at its state.
    let paused = await beatsAfter(20)
    for (let last = -1; last !== paused; paused = await beatsAfter(50)) last = paused
    expect(await beatsAfter(100)).toBe(paused)
    executor.allot(new Map([[1, 0.5]]), 1000)
    while (Atomics.load(beats, 0) === paused) await nextTurn()
  }
  executor.allot(new Map(), null)
  executor.close()
  expect(ends, 'a paused job is given up too').toEqual([])
})

test('a thread whose job was paused does not pause the next one', () => {
  const executor = newExecutor()
  const ends: Ends = []
  start(executor, ends, 1, null)
  executor.allot(new Map(), null)
  executor.wait()
  start(executor, ends, 2, 'fail')
  executor.wait()
  expect(ends.map(([id]) => id)).toEqual([1, 2])
})

test('close gives up running jobs, waits for them, and is idempotent', async () => {
  const beats = new Int32Array(new SharedArrayBuffer(8))
  const executor = newExecutor(beats)
  const ends: Ends = []
  start(executor, ends, 1, 'hold')
  start(executor, ends, 2, null)
  start(executor, ends, 3, 'vanish')
  while (Atomics.load(beats, 0) === 0) executor.poll()
  const before = ends.length
  executor.close()
  const last = Atomics.load(beats, 0)
  executor.close()
  await setTimeout(200)
  expect(Atomics.load(beats, 0), 'no thread works after the close').toBe(last)
  expect(ends.length).toBe(before)
})

test('jobs wait for calls, and calls for flushes, before another thread is started', () => {
  const cells = new Int32Array(new SharedArrayBuffer(16))
  const executor = newExecutor(cells)
  const ends: string[] = []
  const call = (operation: 'sync' | 'remove') =>
    executor.makeCall({ operation, path: '/x' }, () => ends.push(operation))
  call('sync')
  executor.start({ ...order(1, null), cause: 'flush' }, () => {
    ends.push('flush')
    executor.start({ ...order(2, null), cause: 'flush' }, () => ends.push('second flush'))
    call('sync')
  })
  call('remove')
  expect(executor.leftOf(1), 'it waits').toBe(1)
  Atomics.store(cells, 3, 1)
  Atomics.notify(cells, 3)
  while (ends.length < 5) executor.poll()
  expect(ends).toEqual(['sync', 'flush', 'second flush', 'remove', 'sync'])
  expect(Atomics.load(cells, 2), 'threads').toBe(1)
})

test('a call does not wait for a merge, and a removal waits for no held job for ever', () => {
  const cells = new Int32Array(new SharedArrayBuffer(16))
  Atomics.store(cells, 3, 1)
  const executor = newExecutor(cells)
  const ends: string[] = []
  executor.start(order(1, 'hold'), () => ends.push('held'))
  executor.makeCall({ operation: 'remove', path: '/x' }, () => ends.push('remove'))
  while (ends.length < 1) executor.wait()
  executor.start(order(2, 'hold'), () => ends.push('held'))
  executor.makeCall({ operation: 'sync', path: '/x' }, () => ends.push('sync'))
  while (ends.length < 2) executor.wait()
  expect(ends).toEqual(['remove', 'sync'])
})
