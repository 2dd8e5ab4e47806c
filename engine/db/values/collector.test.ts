import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../base/clock.ts'
import { isLsmError } from '../../base/errors.ts'
import type { ValueLogPolicy, ValueLogView } from '../../compaction/value-log-policy.ts'
import { bytes, everyNth, openTest, restless, text } from '../../testing/fixtures.ts'
import { Interleaving, seeded } from '../../testing/interleavings.ts'
import {
  collected,
  killed,
  large,
  log,
  openCollected,
  openLog,
  put,
  read,
  STUB_BYTES,
  segmentsIn,
  THRESHOLD,
} from '../../testing/log-fixtures.ts'
import { tablesOf } from '../../version/run.ts'
import { runsNewestFirst } from '../../version/version.ts'
import { verifyDatabase } from '../offline/verify.ts'

describe('collection', () => {
  test('moves live values, and leaves a stub while tables hold stale pointers', () => {
    const { db, storage } = openCollected()
    for (const key of ['a', 'b', 'c']) put(db, key, large(`${key} first`))
    db.flush()
    put(db, 'b', large('b second'))
    put(db, 'd', large('d'))
    db.flush()
    for (const [key, value] of Object.entries({
      a: 'a first',
      b: 'b second',
      c: 'c first',
      d: 'd',
    })) {
      expect(read(db, key)).toBe(large(value))
    }
    const { segments, garbageBytes } = db.metrics().valueLog
    const spent = segments.filter(({ state }) => state === 'spent')
    expect(spent.length).toBeGreaterThan(0)
    const stubs = segmentsIn(storage).filter((path) => storage.size(path) === STUB_BYTES)
    expect(stubs).toHaveLength(spent.length)
    expect(garbageBytes).toBe(0)
    db.close()
    expect(verifyDatabase(storage, '/db').faults).toEqual([])
  })

  test('is not counted as a write, and keeps the time of the first write', () => {
    const { db, clock } = openCollected()
    put(db, 'a', large('a'))
    const { userBytes, puts } = db.metrics()
    const oldest = () =>
      Array.from(runsNewestFirst(db.version), ({ run }) => [...tablesOf(run)])
        .flat()
        .map((table) => table.oldestWriteAtMs)
    const writtenAtMs = clock.nowMs()
    for (let round = 0; round < 5; round++) {
      clock.advance(10_000)
      db.flush()
      db.collectValueLog()
    }
    expect(oldest().length).toBeGreaterThan(3)
    expect(new Set(oldest())).toEqual(new Set([writtenAtMs]))
    expect(db.metrics()).toMatchObject({ userBytes, puts })
    db.close()
  })

  test('keeps the time after a crash too', () => {
    const { db, storage, clock } = openCollected()
    put(db, 'a', large('a'))
    const writtenAtMs = clock.nowMs()
    clock.advance(10_000)
    db.flush()
    db.collectValueLog()
    const { db: again } = openCollected({
      storage: killed(storage),
      clock: new ManualClock(50_000),
    })
    const tables = Array.from(runsNewestFirst(again.version), ({ run }) => [
      ...tablesOf(run),
    ]).flat()
    expect(new Set(tables.map((table) => table.oldestWriteAtMs))).toEqual(new Set([writtenAtMs]))
    again.close()
  })

  test('keeps the data for snapshots and cursors older than the new pointers', () => {
    const { db, storage } = openCollected()
    put(db, 'a', large('first'))
    const snapshot = db.snapshot()
    put(db, 'a', large('second'))
    const cursor = db.cursor()
    const [both] = segmentsIn(storage)
    db.flush()
    db.flush()
    cursor.seekToFirst()
    expect(text(cursor.value())).toBe(large('second'))
    const held = db.get(bytes('a'), { snapshot })
    expect(text(held!)).toBe(large('first'))
    expect(storage.size(both!)).toBeGreaterThan(STUB_BYTES)
    cursor.close()
    expect(storage.size(both!)).toBeGreaterThan(STUB_BYTES)
    snapshot.release()
    expect(storage.size(both!)).toBe(STUB_BYTES)
    db.close()
  })

  test('keeps no segment for moments at which it held no value', () => {
    const { db, storage } = openCollected()
    put(db, 'a', large('a'))
    const [first] = segmentsIn(storage)
    const snapshot = db.snapshot()
    const cursor = db.cursor()
    // Each round moves the value into a segment that neither of them can reach.
    for (let round = 0; round < 4; round++) {
      db.flush()
      db.collectValueLog()
    }
    const kept = segmentsIn(storage).filter((path) => storage.size(path) > STUB_BYTES)
    expect(kept).toHaveLength(2)
    expect(kept[0]).toBe(first)
    expect(text(db.get(bytes('a'), { snapshot })!)).toBe(large('a'))
    cursor.seekToFirst()
    expect(text(cursor.value())).toBe(large('a'))
    db.close()
  })

  test.each(['snapshot', 'cursor'] as const)(
    'keeps the segment for a %s taken right before the last value is moved',
    (how) => {
      const { db, storage } = openCollected()
      put(db, 'a', large('a'))
      const [segment] = segmentsIn(storage)
      const before = db.lastSeq
      const snapshot = how === 'snapshot' ? db.snapshot() : undefined
      const cursor = how === 'cursor' ? db.cursor() : undefined
      db.flush()
      expect(db.lastSeq, 'one value moved').toBe(before + 1)
      expect(storage.size(segment!)).toBeGreaterThan(STUB_BYTES)
      cursor?.seekToFirst()
      const value = cursor?.value() ?? db.get(bytes('a'), snapshot && { snapshot })
      expect(text(value!)).toBe(large('a'))
      cursor?.close()
      snapshot?.release()
      expect(storage.size(segment!)).toBe(STUB_BYTES)
      db.close()
    },
  )

  test('keeps no segment for a snapshot taken at the last move', () => {
    const { db, storage } = openCollected()
    put(db, 'a', large('a'))
    const [segment] = segmentsIn(storage)
    db.flush()
    const snapshot = db.snapshot()
    expect(storage.size(segment!)).toBe(STUB_BYTES)
    expect(text(db.get(bytes('a'), { snapshot })!)).toBe(large('a'))
    db.close()
  })

  test('collects at most gcRate times the growth of the log; a drain collects all', () => {
    const fast = { valueLog: { ...collected, gcRate: 1e6 } }
    const slow = { valueLog: { ...collected, gcRate: 0.01 } }
    const counts = [fast, slow].map((options) => {
      const { db } = openCollected({ options: { ...options, memtableBytes: 4096 } })
      for (let index = 0; index < 1500; index++) put(db, `key${index % 50}`, large(`${index}`))
      const before = db.metrics().valueLog.segmentsCollected
      db.flush()
      const after = db.metrics().valueLog.segmentsCollected
      db.close()
      return { before, after }
    })
    expect(counts[0]!.before).toBeGreaterThan(5)
    expect(counts[1]!.before).toBe(0)
    expect(counts[1]!.after).toBeGreaterThan(5)
  })

  test.each([
    ['a rate below one', { gcRate: 0.5 }, 1],
    ['a value that fills many segments', { gcRate: 2 }, 50_000],
  ])('saves its allowance for the segment that is due: %s', (_case, { gcRate }, firstBytes) => {
    const valueLog = { ...collected, gcRate }
    const { db } = openCollected({ options: { valueLog, memtableBytes: 4096 } })
    put(db, 'first', large('first').padEnd(firstBytes, '.'))
    for (let index = 0; index < 1500; index++) put(db, `key${index % 50}`, large(`${index}`))
    const { segmentsCollected, collectedBytes, appendedBytes } = db.metrics().valueLog
    expect(segmentsCollected).toBeGreaterThan(1)
    expect(collectedBytes).toBeLessThanOrEqual(gcRate * appendedBytes)
    db.close()
  })

  test('continues at the same rate after a drain', () => {
    const valueLog = { ...collected, gcRate: 1 }
    const { db } = openCollected({ options: { valueLog, memtableBytes: 4096 } })
    const fill = (count: number) => {
      for (let index = 0; index < count; index++) put(db, `key${index}`, large(`${index}`))
    }
    fill(1500)
    for (let drains = 0; drains < 3; drains++) db.flush()
    const before = db.metrics().valueLog.segmentsCollected
    fill(400)
    expect(db.metrics().valueLog.segmentsCollected - before).toBeGreaterThan(5)
    db.close()
  })

  test('runs when a segment has reached its size, even if the memtable is far from full', () => {
    const { db } = openCollected({ options: { memtableBytes: 1024 * 1024, valueLog: collected } })
    put(db, 'a', large('a'))
    db.flush()
    const { flushes, valueLog } = db.metrics()
    const before = valueLog.segmentsCollected
    for (let index = 0; index < 60; index++) put(db, `key${index}`, large(`${index}`))
    expect(db.metrics().flushes).toBe(flushes)
    expect(db.metrics().valueLog.segmentsCollected).toBeGreaterThan(before)
    db.close()
  })

  /** A database whose value log is collected a segment at a time, the oldest, on demand. */
  function openOnDemand() {
    let picks = 0
    const once: ValueLogPolicy = {
      ...restless,
      pick: (view) => (picks-- > 0 ? restless.pick(view) : null),
      relocateBelow: () => 0,
    }
    const { db } = openCollected({ valueLogPolicy: once })
    const collect = () => {
      picks = 1
      expect(db.collectValueLog()).toBe(1)
    }
    return { db, collect }
  }

  test('removes a spent segment that merges free while a snapshot waits', () => {
    let picks = 0
    const once: ValueLogPolicy = {
      ...restless,
      pick: (view) => (picks-- > 0 ? restless.pick(view) : null),
      relocateBelow: () => 0,
    }
    const { db, storage } = openCollected({ strategy: everyNth(2), valueLogPolicy: once })
    put(db, 'a', large('a'))
    db.flush()
    const [segment] = segmentsIn(storage)
    put(db, 'a', 'small')
    // It lies between the value and the end of the collection, but does not see the value.
    const snapshot = db.snapshot()
    put(db, 'b', 'small')
    picks = 1
    expect(db.collectValueLog()).toBe(1)
    expect(storage.size(segment!)).toBeGreaterThan(STUB_BYTES)
    db.flush()
    expect(db.metrics().merges).toBe(1)
    expect(segmentsIn(storage)).toEqual([])
    snapshot.release()
    expect(segmentsIn(storage)).toEqual([])
    db.close()
  })

  test('does not mistake an old value for the newest at the same offset of another segment', () => {
    const { db, collect } = openOnDemand()
    for (const round of ['first', 'second']) {
      for (const key of ['a', 'b']) put(db, key, large(round))
      db.flush()
    }
    collect()
    expect(db.metrics().valueLog.movedBytes).toBe(0)
    expect([read(db, 'a'), read(db, 'b')]).toEqual([large('second'), large('second')])
    db.close()
  })

  test('counts what it read and what it found live', () => {
    const { db, collect } = openOnDemand()
    for (const key of ['a', 'b', 'c']) put(db, key, large(key))
    put(db, 'b', 'overwritten')
    db.flush()
    collect()
    const recordBytes = 32 + 1 + THRESHOLD
    expect(db.metrics().valueLog).toMatchObject({
      segmentsCollected: 1,
      collectedBytes: 3 * recordBytes,
      collectedLiveBytes: 2 * recordBytes,
      movedBytes: 2 * recordBytes,
      // The table still points to the old records; they hold nothing any more.
      segments: [{ state: 'spent', records: 3, recordBytes: 3 * recordBytes, liveBytes: 0 }],
      logBytes: 0,
      liveBytes: 0,
      garbageBytes: 0,
    })
    db.close()
  })

  test('ends if a merge during it drops the last pointer into the segment', () => {
    let picks = 0
    const once: ValueLogPolicy = {
      ...restless,
      pick: (view) => (picks-- > 0 ? restless.pick(view) : null),
      relocateBelow: () => 0,
    }
    // Segments larger than what a walk reads at once, and a memtable that a chunk of moves fills.
    const valueLog = { ...collected, segmentBytes: 8 * 1024 * 1024 }
    const { db, storage } = openTest({
      strategy: everyNth(2),
      valueLogPolicy: once,
      options: { memtableBytes: 4096, valueLog },
    })
    const key = (index: number) => `key${String(index).padStart(9, '0')}`
    const value = (index: number, round: string) => `${round} ${index}`.padEnd(10_000, '.')
    const live = 27
    for (let index = 0; index < 190; index++) put(db, key(index), value(index, 'first'))
    db.flush()
    for (let index = live; index < 190; index++) put(db, key(index), value(index, 'second'))
    for (const pad of ['w', 'x', 'y', 'z']) put(db, pad, 'in the tree'.padEnd(THRESHOLD - 1))
    const [oldest] = segmentsIn(storage)
    picks = 1
    expect(db.collectValueLog()).toBe(1)
    expect(db.metrics().merges).toBe(1)
    expect(segmentsIn(storage)).not.toContain(oldest)
    for (let index = 0; index < 190; index++) {
      expect(read(db, key(index))).toBe(value(index, index < live ? 'first' : 'second'))
    }
    db.close()
    expect(verifyDatabase(storage, '/db').faults).toEqual([])
  })

  test('shows a policy frozen segments, and refuses wrong answers', () => {
    const shrinks = (view: ValueLogView) => {
      for (const segment of view.segments) {
        ;(segment as { recordBytes: number }).recordBytes = 0
      }
      return restless.pick(view)
    }
    const later = async () => null
    for (const [pick, told] of [
      [shrinks, /'recordBytes'/],
      [later as never, `value-log policy ${restless.name}: pick answers a promise; `],
    ] as const) {
      const valueLogPolicy: ValueLogPolicy = { ...restless, pick }
      const { db } = openTest({ options: { valueLog: collected }, valueLogPolicy })
      put(db, 'a', large('a'))
      expect(() => db.flush()).toThrow(told)
      expect(read(db, 'a')).toBe(large('a'))
      db.close()
    }
  })

  test('does not fill memtables without bound where jobs run beside it', {
    timeout: 60_000,
  }, () => {
    const value = (key: string) => large(key).padEnd(400, '.')
    const keys = Array.from({ length: 3000 }, (_, at) => `key${at}`)
    // One segment, whose pointers fill many memtables.
    const oneSegment = { ...log, segmentBytes: 4 * 1024 * 1024 }
    const whole = { memtableBytes: 1024 * 1024, valueLog: oneSegment }
    const { db: first, storage } = openLog({ options: whole })
    for (const key of keys) put(first, key, value(key))
    first.close()
    const rawBytes: number[] = []
    const memtableBytes = 4096
    // Twice its size while its freeze is prepared, and the pointers of 256 KiB of values.
    const bytesMax = 2 * memtableBytes + 16 * 1024
    const { db } = openCollected({
      storage,
      ...new Interleaving(seeded(1)).open({ memtableBytes, memtablesMax: 1, valueLog: collected }),
      onEvent(event) {
        if (event.kind === 'flush') rawBytes.push(Number(event.reason.values.rawBytes))
      },
    })
    // There is no turn, so jobs end only where somebody waits for them.
    expect(db.collectValueLog()).toBe(1)
    expect(db.metrics().memtableRawBytes).toBeLessThan(bytesMax)
    for (const key of keys.slice(2800)) put(db, key, value(key))
    db.flush()
    expect(rawBytes.length).toBeGreaterThan(5)
    expect(Math.max(...rawBytes)).toBeLessThan(bytesMax)
    expect(keys.map((key) => read(db, key))).toEqual(keys.map(value))
    db.close()
  })

  test('refuses a segment that was not offered', () => {
    const reason = { trigger: 'none', formula: '', values: {} }
    const rogue: ValueLogPolicy = { ...restless, pick: () => ({ segment: 1, reason }) }
    const { db } = openTest({ options: { valueLog: collected }, valueLogPolicy: rogue })
    put(db, 'a', large('a'))
    try {
      db.flush()
      expect.unreachable()
    } catch (error) {
      expect(isLsmError(error, 'LSM_UNSAFE_COMPACTION')).toBe(true)
    }
    expect(read(db, 'a')).toBe(large('a'))
    db.close()
  })
})
