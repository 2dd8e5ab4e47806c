import { describe, expect, test } from 'vitest'
import { createRandom, deriveSeed, type Random } from '../base/random.ts'
import { Admission, SLOWDOWNS, type Slowdown } from './admission.ts'
import { stallOf, type WritePressure } from './write-pressure.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** One job runs and nothing is near a limit. */
const calm: WritePressure = {
  level0Runs: 2,
  limits: { slowdownRuns: 8, stopRuns: 12 },
  frozenMemtables: 0,
  memtablesMax: 2,
  memtableRawBytes: 0,
  memtableBytes: MiB,
  debtBytes: 4 * MiB,
  softDebtBytes: 64 * MiB,
  hardDebtBytes: 128 * MiB,
  jobs: 1,
  workBytes: 0,
  workMs: 0,
  busyMs: 0,
}
const pressed = (changes: Partial<WritePressure>): WritePressure => ({ ...calm, ...changes })

describe('what writers are held for', () => {
  const full = { memtableRawBytes: MiB }
  for (const [name, changes, expected] of [
    ['nothing', {}, 'go'],
    ['a full memtable that can be frozen', { ...full, frozenMemtables: 1 }, 'go'],
    ['a full memtable', { ...full, frozenMemtables: 2 }, 'stop for memtables'],
    ['frozen memtables beside one with room', { frozenMemtables: 2 }, 'go'],
    ['the last of two memtables', { frozenMemtables: 1, memtablesMax: 2 }, 'go'],
    ['the last but one of three', { frozenMemtables: 2, memtablesMax: 3 }, 'go'],
    ['the last but one of four', { frozenMemtables: 3, memtablesMax: 4 }, 'slowdown for memtables'],
    ['runs below the limit', { level0Runs: 7 }, 'go'],
    ['runs at the first limit', { level0Runs: 8 }, 'slowdown for level0'],
    ['runs below the second limit', { level0Runs: 11 }, 'slowdown for level0'],
    ['runs at the second limit', { level0Runs: 12 }, 'stop for level0'],
    ['debt below the soft limit', { debtBytes: 64 * MiB - 1 }, 'go'],
    ['debt at the soft limit', { debtBytes: 64 * MiB }, 'slowdown for debt'],
    ['debt at the hard limit', { debtBytes: 128 * MiB }, 'stop for debt'],
    ['runs and debt', { level0Runs: 8, debtBytes: 128 * MiB }, 'stop for debt'],
    ['all limits', { ...full, frozenMemtables: 2, level0Runs: 12 }, 'stop for memtables'],
    ['limits that no job will lift', { level0Runs: 99, debtBytes: 999 * MiB, jobs: 0 }, 'go'],
  ] as const) {
    test(`${name}: ${expected}`, () => {
      const stall = stallOf(pressed(changes))
      expect(stall === null ? 'go' : `${stall.step} for ${stall.cause}`).toBe(expected)
    })
  }
})

/**
 * Plays a script: `at 12` sets the time, `see …` is an observation with changes, `64K` a write.
 * Returns the script with what each write was answered.
 */
function play(slowdown: Slowdown, script: string): string {
  const admission = new Admission(slowdown)
  let nowMs = 0
  let pressure = calm
  const lines = script.trim().split('\n')
  return lines
    .map((line) => {
      const [verb, ...words] = line.split(' => ')[0]!.trim().split(' ')
      if (verb === 'at') nowMs = Number(words[0])
      else if (verb === 'see') {
        pressure = pressed(Object.fromEntries(words.map(changeIn)))
        admission.observe(pressure, nowMs)
      } else {
        const delayMs = admission.admit(bytesIn(verb!), nowMs)
        const held =
          delayMs === Number.POSITIVE_INFINITY ? 'stop' : `${Number(delayMs.toFixed(6))} ms`
        const answer = delayMs === 0 ? 'go' : held
        return `${verb} => ${answer}`
      }
      return [verb, ...words].join(' ')
    })
    .join('\n')
}

const UNITS: Readonly<Record<string, number>> = { K: KiB, M: MiB }
function bytesIn(text: string): number {
  const unit = UNITS[text.at(-1)!]
  return unit === undefined ? Number(text) : Number(text.slice(0, -1)) * unit
}
function changeIn(word: string): [string, number] {
  const [name, value] = word.split('=')
  return [name!, bytesIn(value!)]
}

function expectPlay(slowdown: Slowdown, script: string): void {
  const trimmed = script.trim().replace(/^ +/gm, '')
  expect(play(slowdown, trimmed)).toBe(trimmed)
}

describe('rate', () => {
  // 16 MiB a second are 16,777.216 bytes a millisecond.
  test('lets 16 MiB a second in at first, with a millisecond of credit', () => {
    expectPlay(
      'rate',
      `1M => go
      see level0Runs=8
      16777.216 => go
      16777.216 => 2 ms
      at 2
      16777.216 => go
      16777216 => 1001 ms
      at 1003
      16777.216 => go`,
    )
  })

  test('falls by a fifth while the debt does not shrink, and rises by a quarter when it does', () => {
    expectPlay(
      'rate',
      `see level0Runs=8 debtBytes=8M
      16777.216 => go
      see level0Runs=8 debtBytes=8M
      13421772.8 => 1001 ms
      at 1001
      see level0Runs=8 debtBytes=7M
      16777216 => 1000 ms`,
    )
  })

  test('falls by two fifths near a stop, never below 16 KiB a second', () => {
    const nearStop = Array.from({ length: 20 }, () => 'see level0Runs=10').join('\n')
    expectPlay('rate', `see level0Runs=8\n${nearStop}\n16.384 => go\n16384 => 1001 ms`)
  })

  test('stops at the stop, and goes on without a delay afterwards', () => {
    expectPlay(
      'rate',
      `see level0Runs=12
      1 => stop
      see level0Runs=7
      64M => go`,
    )
  })
})

describe('debt', () => {
  test('delays a write by the time of the work it makes, only in a slowdown', () => {
    expectPlay(
      'debt',
      `see
      1M => go
      see workMs=1024
      1M => go
      see level0Runs=8 workMs=2048
      2K => 2 ms
      at 2
      256 => go
      768 => 1 ms
      see workMs=2048
      1M => go`,
    )
  })

  test('delays nothing while it knows nothing of the cost', () => {
    expectPlay('debt', 'see level0Runs=8\n1M => go')
  })
})

describe('beats', () => {
  test('shares the work due at the beginning of a bar evenly', () => {
    // 4 MiB of merges and a flush of 1 MiB at 1 MiB in 20 ms: 100 ms for a memtable's worth.
    expectPlay(
      'beats',
      `see debtBytes=4M frozenMemtables=1 workBytes=10M busyMs=200
      256K => 25 ms
      at 25
      256K => 25 ms
      see debtBytes=9M frozenMemtables=1 workBytes=10M busyMs=200
      at 50
      512K => 50 ms
      at 100
      see debtBytes=2M workBytes=10M busyMs=200
      256K => 10 ms
      see debtBytes=0 workBytes=12M busyMs=240
      256K => go`,
    )
  })

  test('counts the time of two jobs that ran beside each other once', () => {
    // Each wrote 5 MiB in 100 ms. So both wrote 10 MiB in 100 ms, and the 4 MiB due take 40 ms.
    expectPlay(
      'beats',
      `see debtBytes=4M workBytes=10M workMs=200 busyMs=100
      256K => 10 ms`,
    )
  })
})

describe('spring', () => {
  test('is loose at half, takes what the work takes at three quarters, and tightens', () => {
    // Three memtables, so the low water mark is 1.5 MiB. Work takes 1 ms per KiB written.
    expectPlay(
      'spring',
      `see
      1M => go
      see frozenMemtables=1 workMs=1024
      512K => go
      768K => 768 ms
      at 768
      384K => 1152 ms`,
    )
  })

  test('is tightened by level 0 and by debt too', () => {
    // Tension 0.8 and 0.75 take four times and three times as long.
    for (const [change, delayMs] of [
      ['level0Runs=11', 4],
      ['debtBytes=112M', 3],
    ]) {
      expectPlay('spring', `see\n1M => go\nsee ${change} workMs=1024\n1K => ${delayMs} ms`)
    }
  })
})

/** A seeded course of observations and writes in time; returns what was decided. */
function course(slowdown: Slowdown, seed: number, isCalm: boolean) {
  const random = createRandom(deriveSeed(seed, 'course'))
  const admission = new Admission(slowdown)
  const decisions: string[] = []
  const sums = { writes: 0, bytes: 0, delayMs: 0, stops: 0 }
  let nowMs = 0
  let work = { workBytes: 0, workMs: 0, busyMs: 0 }
  for (let step = 0; step < 2000; step++) {
    nowMs += random.nextBelow(5)
    if (random.nextBelow(10) === 0) {
      const workMs = random.nextBelow(500_000)
      work = {
        workBytes: work.workBytes + random.nextBelow(4 * MiB),
        workMs: work.workMs + workMs,
        busyMs: work.busyMs + workMs / 2,
      }
      admission.observe(
        { ...(isCalm ? calmPressure(random) : anyPressure(random)), ...work },
        nowMs,
      )
    }
    const bytes = 1 + random.nextBelow(64 * KiB)
    const delayMs = admission.admit(bytes, nowMs)
    decisions.push(`${delayMs}`)
    if (delayMs === Number.POSITIVE_INFINITY) sums.stops++
    else {
      sums.writes++
      sums.bytes += bytes
      sums.delayMs += delayMs
      nowMs += delayMs
    }
  }
  return { decisions, ...sums }
}

function anyPressure(random: Random): WritePressure {
  return pressed({
    level0Runs: random.nextBelow(14),
    frozenMemtables: random.nextBelow(6),
    memtablesMax: 1 + random.nextBelow(5),
    memtableRawBytes: random.nextBelow(MiB + 4096),
    debtBytes: random.nextBelow(140 * MiB),
    jobs: random.nextBelow(3),
  })
}

function calmPressure(random: Random): WritePressure {
  return pressed({
    level0Runs: random.nextBelow(8),
    memtableRawBytes: random.nextBelow(MiB),
    debtBytes: random.nextBelow(64 * MiB),
  })
}

describe.each(SLOWDOWNS)('%s, in seeded courses', (slowdown) => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed)

  test('decides the same for the same course', () => {
    for (const seed of seeds) {
      expect(course(slowdown, seed, false), `seed ${seed}`).toEqual(course(slowdown, seed, false))
    }
  })

  test('never stops under the limits', () => {
    for (const seed of seeds) expect(course(slowdown, seed, true).stops, `seed ${seed}`).toBe(0)
  })

  test('lets 16 KiB a second in, or more', () => {
    for (const seed of seeds) {
      const { bytes, writes, delayMs } = course(slowdown, seed, false)
      expect(delayMs, `seed ${seed}`).toBeGreaterThan(0)
      expect(delayMs, `seed ${seed}`).toBeLessThanOrEqual((bytes / (16 * KiB)) * 1000 + writes)
    }
  })

  test('stops exactly while the limits ask for it', () => {
    const admission = new Admission(slowdown)
    admission.observe(pressed({ level0Runs: 12 }), 0)
    expect(admission.admit(1, 0)).toBe(Number.POSITIVE_INFINITY)
    expect(admission.stall).toEqual({ cause: 'level0', step: 'stop' })
    admission.observe(calm, 1)
    expect(admission.admit(1, 1)).toBe(0)
    expect(admission.stall).toBe(null)
  })
})
