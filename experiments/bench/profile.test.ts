import { expect, test } from 'vitest'
import { readBenchArguments } from './bench-arguments.ts'
import type { BenchCase } from './bench-case.ts'
import { CHECKOUT, findCase } from './load-cases.ts'
import { profileTables } from './profile-tables.ts'
import { profileCase } from './profiler.ts'
import { compareCases } from './versus.ts'

const caseOf = (name: string, run: () => void = () => {}): BenchCase => ({
  name,
  unit: 'turns',
  opsPerIteration: 10,
  referenceOpsPerSecond: null,
  setup: () => run,
})

test('a profile names where the time and the memory of a benchmark went', async () => {
  const kept: Uint8Array[] = []
  // On a busy machine the time may be over after one iteration, which has to give samples alone.
  const spend = () => {
    for (let i = 0; i < 10_000; i++) kept[i] = new Uint8Array(1000).fill(i)
  }
  const profile = await profileCase(caseOf('a', spend), CHECKOUT, 30)
  const { rooms, nsPerOperation, allocations, bytesPerOperation } = profile
  const sum = rooms.reduce((total, { perOperation }) => total + perOperation, 0)
  expect(sum).toBeCloseTo(nsPerOperation)
  expect(rooms.map(({ name }) => name)).toContain('experiments/bench')
  expect(bytesPerOperation).toBeGreaterThan(100)
  expect(allocations[0]!.place).toBe('experiments/bench/profile.test.ts')
})

test('tables show small parts of neither side, and both sides of all others', () => {
  const side = (name: string, ns: number) => ({
    rooms: [
      { name, perOperation: ns },
      { name: 'dust', perOperation: 0.001 },
    ],
    functions: [],
    nsPerOperation: ns,
    bytesPerOperation: 0,
    allocations: [],
  })
  const text = profileTables({
    benchmark: 'b',
    unit: 'turns',
    node: 'v24',
    before: side('engine/old', 8),
    after: side('engine/new', 4),
  })
  const rows = text.split('\n').filter((line) => line.startsWith('| '))
  expect(rows.slice(0, 4)).toEqual([
    '| | before | after |',
    '| engine/new | 0.0 | 4.0 |',
    '| engine/old | 8.0 | 0.0 |',
    '| total | 8.0 | 4.0 |',
  ])
})

test('a comparison is of equal rounds in changing order', async () => {
  let now = 0
  const order: string[] = []
  const taking = (name: string, ms: number) =>
    caseOf(name, () => {
      order.push(name)
      now += ms
    })
  const duration = { warmupRounds: 1, roundsMin: 3, ms: 0 }
  const here = taking('here', 5)
  const { opsPerSecond, ratio } = await compareCases(here, taking('there', 10), duration, () => now)
  expect(opsPerSecond).toEqual([2000, 2000, 2000])
  expect(ratio.mean).toBeCloseTo(2)
  expect(order.join(' ')).toBe('here there here there there here here there')
})

test.each([
  [['--out'], '--out needs a value: --out=NAME'],
  [['--outt=x'], 'unknown flag "--outt"; did you mean "--out"?'],
])('%j is refused', (argv, message) => {
  expect(() => readBenchArguments('profile', argv, { out: 'NAME' })).toThrow(message)
})

test('a benchmark is found by a part of its name that no other has', () => {
  const cases = ['a get', 'a get, cold', 'a scan'].map((name) => caseOf(name))
  expect(findCase(cases, 'scan').name).toBe('a scan')
  expect(findCase(cases, 'a get').name).toBe('a get')
  expect(() => findCase(cases, 'get')).toThrow('name one benchmark of: a get; a get, cold')
  expect(() => findCase(cases, 'scam')).toThrow('unknown benchmark "scam"')
})
