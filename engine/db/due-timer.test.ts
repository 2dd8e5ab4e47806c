import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import type { TreeView } from '../compaction/strategy.ts'
import { bytes, everyNth, openTest, strategyOf } from '../testing/fixtures.ts'
import { DueTimer } from './due-timer.ts'

/** Merges all runs of level 0 once the clock has reached `dueAtMs`. */
function lateMerge(dueAtMs: number) {
  const hasWork = ({ version }: TreeView) => (version.levels[0]?.runs.length ?? 0) > 0
  const strategy = strategyOf('late', (view) =>
    hasWork(view) && view.nowMs >= dueAtMs ? everyNth(1).pick(view) : null,
  )
  return { ...strategy, nextDueAt: (view: TreeView) => (hasWork(view) ? dueAtMs : null) }
}

function openLate(isTimed: boolean) {
  const clock = new ManualClock(1000)
  const timers = isTimed ? { timers: clock } : {}
  const { db } = openTest({ clock, ...timers, strategy: lateMerge(5000) })
  return { db, clock }
}

test('a compaction that only time makes due starts by itself', async () => {
  const { db, clock } = openLate(true)
  expect(clock.timers).toBe(0)
  await db.put(bytes('a'), bytes('1'))
  db.flush()
  clock.advance(3999)
  expect([db.metrics().merges, clock.timers]).toEqual([0, 1])
  clock.advance(1)
  expect([db.metrics().merges, clock.timers]).toEqual([1, 0])
  expect(db.get(bytes('a'))).toEqual(bytes('1'))
  db.close()
})

test('the timer is cancelled at the close', async () => {
  const { db, clock } = openLate(true)
  await db.put(bytes('a'), bytes('1'))
  db.flush()
  db.close()
  expect(clock.timers).toBe(0)
  clock.advance(10_000)
})

test('inline without timers, nothing starts by itself', async () => {
  const { db, clock } = openLate(false)
  await db.put(bytes('a'), bytes('1'))
  db.flush()
  clock.advance(10_000)
  await new Promise((resolve) => setImmediate(resolve))
  expect(db.metrics().merges).toBe(0)
  db.close()
})

test('follows the strategy to an earlier time, a later time and none, and never fires early', () => {
  const clock = new ManualClock(0)
  const fired: number[] = []
  let dueAtMs: number | null = 100
  const timer = new DueTimer({
    timers: clock,
    nowMs: () => clock.nowMs(),
    nextDueAt: () => dueAtMs,
    isIdle: () => true,
    due: () => fired.push(clock.nowMs()),
  })
  timer.update()
  dueAtMs = 50
  timer.update()
  clock.advance(60)
  expect([fired, clock.timers]).toEqual([[50], 0])
  // What is due already needs no timer.
  timer.update()
  expect(clock.timers).toBe(0)
  dueAtMs = 200
  timer.update()
  timer.update()
  expect(clock.timers).toBe(1)
  dueAtMs = null
  timer.update()
  clock.advance(1000)
  expect([fired, clock.timers]).toEqual([[50], 0])
})

test('does not fire again for what waits for a job, until no job runs', () => {
  const clock = new ManualClock(0)
  let fired = 0
  let isIdle = false
  const timer = new DueTimer({
    timers: clock,
    nowMs: () => clock.nowMs(),
    // As fifo and time-window do: what has come is due in the next millisecond.
    nextDueAt: () => Math.max(100, clock.nowMs() + 1),
    isIdle: () => isIdle,
    due() {
      fired++
      timer.update()
    },
  })
  timer.update()
  clock.advance(10_000)
  expect([fired, clock.timers]).toEqual([1, 0])
  isIdle = true
  timer.update()
  clock.advance(1)
  expect(fired).toBe(2)
})
