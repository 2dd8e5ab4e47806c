/** `--arrival`, `--rate` and `--clients` as typed, and one clear line for every mistake. */
import { expect, test } from 'vitest'
import { UsageError } from '../base/usage-error.ts'
import { readArrival } from './arrival-flags.ts'

test('by default: one client in a closed loop, which needs no schedule', () => {
  expect(readArrival(null, null, 1)).toBeNull()
  expect(readArrival('closed', null, 1)).toBeNull()
})

test.each([
  [null, '20k', 1, { kind: 'constant', rate: '20k', clients: 1, params: {} }],
  [null, null, 4, { kind: 'closed', rate: null, clients: 4, params: {} }],
  ['poisson', '90%', 8, { kind: 'poisson', rate: '90%', clients: 8, params: {} }],
  ['trace', null, 1, { kind: 'trace', rate: null, clients: 1, params: {} }],
  [
    'sine,amplitude=0.25',
    '100',
    1,
    { kind: 'sine', rate: '100', clients: 1, params: { amplitude: 0.25, period: 10 } },
  ],
  [
    'steps,shares=1/3,seconds=0.5',
    '100',
    1,
    { kind: 'steps', rate: '100', clients: 1, params: { shares: '1/3', seconds: 0.5 } },
  ],
] as const)('%s at %s from %d', (arrival, rate, clients, config) => {
  expect(readArrival(arrival, rate, clients)).toEqual(config)
})

test.each([
  ['poison', '90%', 'unknown arrival "poison"; did you mean "poisson"?'],
  ['poisson', null, '--arrival=poisson: needs --rate, such as --rate=90% or --rate=20k'],
  ['closed', '5', '--rate: not with --arrival=closed, which sets its own pace'],
  ['sine,amplitud=1', '5', 'unknown parameter of --arrival=sine "amplitud"; did you mean'],
  ['sine,amplitude=2', '5', 'parameter of --arrival=sine amplitude=2: expected number 0 … 1'],
  ['sine,period=0', '5', 'sine period=0: expected number > 0 and ≤ 86400'],
  ['steps,shares=a/b', '5', 'steps shares=a/b: expected string like 0.5/1/1.5'],
  ['sine,amplitude', '5', '--arrival: "amplitude" is not NAME=VALUE'],
  ['steps,shares=0/0', '5', '--arrival=steps: at least one share above 0'],
  [`steps,shares=${'9'.repeat(400)}`, '5', '--arrival=steps: a share is at most 1000000'],
  ['sine,period=1,period=2', '5', '--arrival: period is given twice, as 1 and 2'],
  ['sine,amplitude=0,5', '5', '--arrival: "5" is not NAME=VALUE'],
  [null, '1,5k', '--rate: "1,5k" is neither'],
  [null, '1e3%', '--rate: "1e3%" is neither'],
  [null, 'fast', '--rate: "fast" is neither operations a second'],
  [null, '0', '--rate: "0" is neither'],
  [null, '1001%', '--rate: "1001%" is neither'],
] as const)('%s at %s is a mistake: %s', (arrival, rate, line) => {
  let message = ''
  try {
    readArrival(arrival, rate, 1)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    message = error.message
  }
  expect(message).toContain(line)
})
