import { expect, test } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Sets an event for each name at its delay; the returned list grows as they run. */
function logged(clock: VirtualClock, delays: Readonly<Record<string, number>>): string[] {
  const log: string[] = []
  for (const [name, delayMs] of Object.entries(delays)) {
    clock.after(delayMs, () => log.push(`${name} ${clock.elapsedNs() / 1e6}`))
  }
  return log
}

function runAll(clock: VirtualClock): void {
  while (clock.step());
}

test('events run in the order of their times, equal ones in the order in which they were set', () => {
  const clock = new VirtualClock({ startMs: 1000 })
  const log = logged(clock, { c: 2, a: 1, b: 1, d: 2.5, first: 0, past: -5 })
  runAll(clock)
  expect(log).toEqual(['first 0', 'past 0', 'a 1', 'b 1', 'c 2', 'd 2.5'])
  expect([clock.nowMs(), clock.elapsedNs(), clock.nextNs]).toEqual([1002, 2_500_000, null])
})

test('an event may set others, also for the same moment', () => {
  const clock = new VirtualClock()
  const log: number[] = []
  const again = () => {
    log.push(clock.elapsedNs())
    if (log.length < 4) clock.after(log.length === 2 ? 0 : 0.5, again)
  }
  clock.after(1, again)
  runAll(clock)
  expect(log).toEqual([1_000_000, 1_500_000, 1_500_000, 2_000_000])
})

test('a cancelled event does not run, and cancelling twice harms no other', () => {
  const clock = new VirtualClock()
  const log = logged(clock, { a: 1 })
  const cancel = clock.after(1, () => log.push('cancelled'))
  clock.after(1, () => log.push('c'))
  cancel()
  cancel()
  runAll(clock)
  cancel()
  expect(log).toEqual(['a 1', 'c'])
})

test('a seed draws the order of equal times, the same each time', () => {
  const names = Object.fromEntries([...'abcdefgh'].map((name) => [name, 1]))
  const orderOf = (seed: number) => {
    const clock = new VirtualClock({ ties: createRandom(seed) })
    const log = logged(clock, { ...names, early: 0, late: 2 })
    runAll(clock)
    return log.map((line) => line.split(' ')[0]).join(' ')
  }
  expect(orderOf(1)).toBe(orderOf(1))
  expect(orderOf(1)).not.toBe(orderOf(2))
  expect(orderOf(1)).toMatch(/^early .* late$/)
})

test('while a call blocks, events become late and keep their order', () => {
  const clock = new VirtualClock()
  const log = logged(clock, { a: 1, b: 2, c: 9 })
  clock.block(5e6)
  expect([log, clock.elapsedNs()]).toEqual([[], 5e6])
  clock.block(4e6)
  runAll(clock)
  expect(log).toEqual(['a 5', 'b 5', 'c 9'])
})

test('runUntil calls what is due by then', () => {
  const clock = new VirtualClock()
  const log = logged(clock, { a: 1, b: 2, c: 3 })
  clock.runUntil(2e6)
  expect([log, clock.elapsedNs(), clock.nextNs]).toEqual([['a 1', 'b 2'], 2e6, 3e6])
  clock.runUntil(2.5e6)
  expect(clock.elapsedNs()).toBe(2.5e6)
})
