import { describe, expect, test } from 'vitest'
import { ManualClock, systemTimers } from './clock.ts'

describe('timers of the manual clock', () => {
  test('fire in the order of their times, each at its own time', () => {
    const clock = new ManualClock(1000)
    const fired: string[] = []
    const note = (name: string) => () => fired.push(`${name} at ${clock.nowMs()}`)
    clock.after(30, note('c'))
    clock.after(10, note('a'))
    clock.after(10, note('b'))
    clock.after(50, note('late'))
    clock.advance(40)
    expect(fired).toEqual(['a at 1010', 'b at 1010', 'c at 1030'])
    expect([clock.nowMs(), clock.timers]).toEqual([1040, 1])
  })

  test('may be set by a timer, and fire in the same step', () => {
    const clock = new ManualClock()
    const fired: number[] = []
    const tick = () => {
      fired.push(clock.nowMs())
      clock.after(10, tick)
    }
    clock.after(10, tick)
    clock.advance(35)
    expect(fired).toEqual([10, 20, 30])
  })

  test('fire at whole milliseconds, because tables store such times', () => {
    const clock = new ManualClock(1000)
    const fired: number[] = []
    clock.after(1.25, () => fired.push(clock.nowMs()))
    clock.advance(10)
    expect(fired).toEqual([1002])
  })

  test('do not fire inside `after`, nor once they are cancelled', () => {
    const clock = new ManualClock()
    let fired = 0
    const cancel = clock.after(0, () => fired++)
    clock.after(0, () => fired++)
    expect(fired).toBe(0)
    cancel()
    cancel()
    clock.advance(0)
    expect([fired, clock.timers]).toEqual([1, 0])
  })
})

test('only an awaited timer of the system keeps the process alive', () => {
  const alive = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = alive()
  const cancel = systemTimers.after(60_000, () => {})
  expect(alive()).toBe(before)
  const cancelAwaited = systemTimers.after(60_000, () => {}, true)
  expect(alive()).toBe(before + 1)
  cancel()
  cancelAwaited()
})

test('the timers of the system fire after the call, but not once they are cancelled', async () => {
  const fired: string[] = []
  const cancel = systemTimers.after(0, () => fired.push('cancelled'))
  const done = new Promise<void>((resolve) => {
    systemTimers.after(1, () => {
      fired.push('due')
      resolve()
    })
  })
  cancel()
  expect(fired).toEqual([])
  // The timers do not keep the process alive; this one does.
  const alive = setInterval(() => {}, 1000)
  await done
  clearInterval(alive)
  expect(fired).toEqual(['due'])
})
