import { expect, test } from 'vitest'
import { Delays } from './delays.ts'

const US = 1000
const sample = {
  kindIndex: 0,
  atOperation: 0,
  intendedNs: 100 * US,
  startNs: 150 * US,
  endNs: 400 * US,
}

test('only what lies between intended start and end counts; events apart, the rest by cause', () => {
  const delays = new Delays()
  delays.add('flush', 0, 99 * US, 0)
  delays.add('flush', 90 * US, 160 * US, 1)
  delays.add('merge', 160 * US, 500 * US, 2)
  delays.add('gc', 200 * US, 210 * US)
  delays.add('gc', 300 * US, 305 * US)
  delays.add('merge', 400 * US, 600 * US, 3)
  expect(delays.overlapping(sample)).toEqual([
    { cause: 'merge', event: 2, us: 240 },
    { cause: 'flush', event: 1, us: 60 },
    { cause: 'queue', event: null, us: 50 },
    { cause: 'gc', event: null, us: 15 },
  ])
})

test('an operation that nothing held up is laid to nothing', () => {
  expect(new Delays().overlapping({ ...sample, intendedNs: sample.startNs })).toEqual([])
})
