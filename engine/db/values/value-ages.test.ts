/** A value keeps the time it was first written at, to the millisecond, wherever it is moved. */
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../base/clock.ts'
import type { ValueLogPolicy } from '../../compaction/value-log-policy.ts'
import type { Storage } from '../../storage/storage.ts'
import { everyNth, never, openTest, restless, text } from '../../testing/fixtures.ts'
import { collected, killed, put, segmentsIn, tag } from '../../testing/log-fixtures.ts'
import { tablesOf } from '../../version/run.ts'
import { runsNewestFirst } from '../../version/version.ts'
import { SegmentWalk } from '../../vlog/segment-walk.ts'
import type { Database } from '../database.ts'

const START_MS = 1_700_000_000_789
/** Written at START_MS, 12,345 ms later, and so on; one is larger than any buffer that is kept. */
const SIZES = [100, 150, 3 * 1024 * 1024, 100, 1_100_000]
const STEP_MS = 12_345

/** Compactions move all they meet; nothing is collected. */
const moving: ValueLogPolicy = {
  name: 'restless',
  pick: () => null,
  relocateBelow: ({ segments }) => (segments.at(-1)?.segment ?? -1) + 1,
}
/** Collection moves all, compactions nothing. */
const collecting: ValueLogPolicy = { ...restless, relocateBelow: () => 0 }

function written(valueLogPolicy: ValueLogPolicy, strategy = never) {
  const clock = new ManualClock(START_MS)
  const { db, storage } = openTest({
    clock,
    strategy,
    valueLogPolicy,
    options: { valueLog: collected },
  })
  const fill = () => {
    for (const [index, size] of SIZES.entries()) {
      put(db, `key${index}`, `${index}`.padEnd(size, '.'))
      clock.advance(STEP_MS)
    }
  }
  return { db, storage, clock, fill }
}

/** The dates of the key's records in all segments, oldest segment first. */
function datesOf(storage: Storage, key: string): readonly number[] {
  const dates: number[] = []
  for (const path of segmentsIn(storage)) {
    const walk = new SegmentWalk(storage.open(path, tag))
    while (walk.next()) {
      const { bytes, keyStart, keyLength } = walk
      if (text(bytes.subarray(keyStart, keyStart + keyLength)) === key) dates.push(walk.writtenAtMs)
    }
  }
  return dates
}

const tablesIn = (db: Database) =>
  Array.from(runsNewestFirst(db.version), ({ run }) => [...tablesOf(run)]).flat()

function expectDates(storage: Storage): void {
  for (const index of SIZES.keys()) {
    const dates = datesOf(storage, `key${index}`)
    expect(dates.length, `key${index} lies somewhere`).toBeGreaterThan(0)
    expect(new Set(dates), `key${index}`).toEqual(new Set([START_MS + index * STEP_MS]))
  }
}

describe('ages of values', () => {
  test('survive compactions that move the values', () => {
    const { db, storage, clock, fill } = written(moving, everyNth(2))
    fill()
    db.flush()
    const before = segmentsIn(storage)
    for (let round = 0; round < 4; round++) {
      clock.advance(1_000_003)
      put(db, 'other', `${round}`)
      db.flush()
    }
    expect(db.metrics().valueLog.movedBytes).toBeGreaterThan(4_000_000)
    expect(segmentsIn(storage).filter((path) => before.includes(path))).toEqual([])
    expectDates(storage)
    db.close()
  })

  test('survive collection, as does the age of the tables that point to them', () => {
    const { db, storage, clock, fill } = written(collecting)
    fill()
    db.flush()
    /** The oldest write of the newest table that may hold the first key. */
    const oldest = () => tablesIn(db).find(({ smallest }) => text(smallest) === 'key0')
    const first = oldest()
    for (let round = 0; round < 3; round++) {
      clock.advance(1_000_003)
      db.collectValueLog()
      db.flush()
    }
    expect(db.metrics().valueLog.movedBytes).toBeGreaterThan(4_000_000)
    expectDates(storage)
    expect(oldest()!.id).not.toBe(first!.id)
    expect(oldest()!.oldestWriteAtMs).toBe(START_MS)
    db.close()
  })

  test('come from values moved in the same batch, not from those moved before', () => {
    let picks = 0
    const next: ValueLogPolicy = {
      ...collecting,
      pick: ({ segments }) => {
        const last = segments.at(-1)
        if (picks-- <= 0 || last === undefined) return null
        return { segment: last.segment, reason: { trigger: 'test', formula: '', values: {} } }
      },
    }
    const { db, clock } = written(next)
    for (const key of ['old', 'young']) {
      put(db, key, key.padEnd(150, '.'))
      db.flush()
      picks = 1
      expect(db.collectValueLog(), key).toBe(1)
      db.flush()
      const [newest] = tablesIn(db)
      expect([text(newest!.smallest), newest!.oldestWriteAtMs]).toEqual([key, clock.nowMs()])
      clock.advance(STEP_MS)
    }
    db.close()
  })

  test.each(SIZES.map((size, index) => [size, index] as const))(
    'survive a replay: a value of %i bytes',
    (size, index) => {
      const { db, storage, clock } = written(collecting)
      clock.advance(index * STEP_MS)
      put(db, 'a', 'a'.padEnd(size, '.'), true)
      const again = openTest({
        storage: killed(storage),
        clock: new ManualClock(START_MS + 10_000_000),
        strategy: never,
        valueLogPolicy: collecting,
        options: { valueLog: collected },
      })
      const [table] = tablesIn(again.db)
      expect(table!.oldestWriteAtMs).toBe(START_MS + index * STEP_MS)
      again.db.close()
      db.close()
    },
  )
})
