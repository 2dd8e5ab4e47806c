import { expect, test } from 'vitest'
import { createRandom, deriveSeed, type Random } from '../../base/random.ts'
import { SharedDevice } from './shared-device.ts'

const ms = (ns: number) => ns / 1e6

/** Runs the device dry; what ends, as 'kind id at ms'. */
function endsOf(device: SharedDevice): readonly string[] {
  const ends = device.advance(Number.MAX_SAFE_INTEGER)
  return ends.map(({ kind, id, atNs }) => `${kind} ${id} ${ms(atNs)}`)
}

/** A device with jobs as [busy ms, share]. */
function deviceWith(jobs: readonly (readonly [number, number])[], jobsPart = 1): SharedDevice {
  const device = new SharedDevice(0)
  for (const [id, [busyMs]] of jobs.entries()) device.addJob(id, busyMs, 1)
  device.allot(new Map(jobs.map(([, share], id) => [id, share])), jobsPart)
  return device
}

test('a job alone takes its own time, whatever the number of steps', () => {
  expect(endsOf(deviceWith([[10, 1]]))).toEqual(['job 0 10'])
  const device = deviceWith([[10, 1]])
  for (let at = 1; at <= 9; at++) expect(device.advance(at * 1e6)).toEqual([])
  expect(device.leftOf(0)).toBeCloseTo(0.1, 12)
  expect(endsOf(device)).toEqual(['job 0 10'])
})

test('jobs go on in proportion to their shares; what an ended one leaves is not given away', () => {
  // The rates change only with the next plan.
  const jobs = [
    [20, 0.25],
    [30, 0.75],
  ] as const
  expect(endsOf(deviceWith(jobs))).toEqual(['job 1 40', 'job 0 80'])
  const device = deviceWith(jobs)
  expect(device.advance(40e6)).toEqual([{ kind: 'job', id: 1, atNs: 40e6 }])
  device.allot(new Map([[0, 1]]), 1)
  expect(endsOf(device)).toEqual(['job 0 50'])
})

test('a limit holds also on an idle device', () => {
  expect(endsOf(deviceWith([[10, 1]], 0.25))).toEqual(['job 0 40'])
})

test('a client and a job have equal parts; a limited job leaves the rest to the client', () => {
  const equal = deviceWith([[10, 1]])
  equal.serve(1)
  expect(endsOf(equal)).toEqual(['operation 0 2', 'job 0 11'])
  const limited = deviceWith([[10, 1]], 0.2)
  limited.serve(1)
  expect(endsOf(limited)).toEqual(['operation 0 1.25', 'job 0 50'])
})

test('several clients share equally, and those that arrive later slow the others down', () => {
  const device = new SharedDevice(0)
  device.serve(2)
  expect(device.advance(1e6)).toEqual([])
  device.serve(2)
  expect(endsOf(device)).toEqual(['operation 0 3', 'operation 1 4'])
})

test('a job without a share waits', () => {
  const device = deviceWith([
    [10, 1],
    [5, 0],
  ])
  expect(endsOf(device)).toEqual(['job 0 10'])
  expect(device.nextChangeNs).toBe(null)
  device.allot(new Map([[1, 1]]), 1)
  expect(device.leftOf(1)).toBe(1)
})

test('a job whose share is taken away pauses at its next table border, and goes on from there', () => {
  const device = new SharedDevice(0)
  device.addJob(1, 10, 5)
  device.addJob(2, 8, 1)
  device.allot(new Map([[1, 1]]), 1)
  device.advance(3e6)
  device.allot(new Map([[2, 1]]), 1)
  // One of five tables is written and half of the second. The other half takes twice its time.
  expect(device.nextChangeNs).toBe(5e6)
  expect(device.advance(5e6)).toEqual([])
  expect(device.leftOf(1)).toBe(0.6)
  expect(device.advance(12e6)).toEqual([{ kind: 'job', id: 2, atNs: 12e6 }])
  expect(device.leftOf(1)).toBe(0.6)
  device.allot(new Map([[1, 1]]), 1)
  expect(endsOf(device)).toEqual(['job 1 18'])
})

test('a job at a table border pauses at once', () => {
  const device = new SharedDevice(0)
  device.addJob(1, 9, 3)
  device.allot(new Map([[1, 1]]), 1)
  device.advance(3e6)
  device.allot(new Map(), 1)
  expect(device.nextChangeNs).toBe(null)
  device.allot(new Map([[1, 1]]), 1)
  expect(endsOf(device)).toEqual(['job 1 9'])
})

test('a job in its last table ends instead of pausing', () => {
  const device = deviceWith([[10, 1]])
  device.advance(4e6)
  device.allot(new Map(), 1)
  expect(endsOf(device)).toEqual(['job 0 10'])
})

test('work of no size ends at once', () => {
  const device = deviceWith([[0, 1]])
  device.serve(0)
  expect(endsOf(device)).toEqual(['operation 0 0', 'job 0 0'])
})

test('the device is never idle while work goes on: total time = total work', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = createRandom(deriveSeed(seed, 'device'))
    const device = new SharedDevice(0)
    let workMs = 0
    const drawn = (max: number) => {
      const busyMs = 0.001 + random.nextDouble() * max
      workMs += busyMs
      return busyMs
    }
    for (let id = 0; id < 8; id++) device.addJob(id, drawn(20), 1 + random.nextBelow(9))
    let open = [0, 1, 2, 3, 4, 5, 6, 7]
    let nowNs = 0
    while (open.length > 0) {
      const sharing = open.filter(() => random.nextBelow(3) > 0)
      const running = sharing.length === 0 ? [open[0]!] : sharing
      device.allot(new Map(running.map((id) => [id, 1 / running.length])), 1)
      if (random.nextBelow(2) === 0) device.serve(drawn(1))
      const changeNs = device.nextChangeNs!
      nowNs = random.nextBelow(2) === 0 ? changeNs : nowNs + Math.floor((changeNs - nowNs) / 2)
      const ended = new Set(
        device
          .advance(nowNs)
          .filter(({ kind }) => kind === 'job')
          .map(({ id }) => id),
      )
      open = open.filter((id) => !ended.has(id))
    }
    for (const { atNs } of device.advance(Number.MAX_SAFE_INTEGER)) nowNs = atNs
    expect(Math.abs(ms(nowNs) - workMs), `seed ${seed}`).toBeLessThan(0.001)
  }
})

test.each([0.5, 0.8])(
  'under Poisson arrivals at load %d the mean answer takes 1/(1 − load)',
  (load) => {
    // Processor sharing, M/G/1: the mean depends only on the mean work (Kleinrock, vol. 2, §4.4).
    for (const workOf of [() => 1, (random: Random) => (random.nextBelow(10) === 0 ? 5.5 : 0.5)]) {
      const random = createRandom(deriveSeed(1, `arrivals at ${load}`))
      const device = new SharedDevice(0)
      const arrivedAtMs: number[] = []
      let answersMs = 0
      let nowMs = 0
      const note = (untilNs: number) => {
        for (const { id, atNs } of device.advance(untilNs)) answersMs += ms(atNs) - arrivedAtMs[id]!
      }
      for (let arrival = 0; arrival < 200_000; arrival++) {
        nowMs -= Math.log(1 - random.nextDouble()) / load
        note(Math.round(nowMs * 1e6))
        arrivedAtMs[device.serve(workOf(random))] = nowMs
      }
      note(Number.MAX_SAFE_INTEGER)
      const meanMs = answersMs / arrivedAtMs.length
      expect(Math.abs(meanMs * (1 - load) - 1)).toBeLessThan(0.05)
    }
  },
)
