import { expect, test } from 'vitest'
import { Progress } from './progress.ts'

function terminal(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, columns: 60, written, write: (text: string) => written.push(text) }
}

test('on a terminal one line is redrawn, at most ten times a second, with the time left', () => {
  const screen = terminal(true)
  let nowMs = 0
  const progress = new Progress(screen, false, () => nowMs, {})
  for (nowMs = 1000; nowMs < 2000; nowMs += 10) {
    progress.update('ycsb-a × tiering: load', nowMs, 4000, nowMs / 4000)
  }
  progress.clear()
  expect(screen.written).toHaveLength(11)
  expect(screen.written[0]).toBe('\r\u001b[2K25 %  ycsb-a × tiering: load  1 k of 4 k, 3 s left')
  expect(screen.written.at(-1)).toBe('\r\u001b[2K')
  expect(progress.written).toEqual({
    calls: 11,
    bytes: Buffer.byteLength(screen.written.join('')),
  })
})

test('a line never wraps', () => {
  const screen = terminal(true)
  new Progress(screen, false, () => 0, {}).update('x'.repeat(200), 1, 2, 0.5)
  expect(screen.written[0]!.replace('\r\u001b[2K', '')).toHaveLength(59)
})

test('a terminal that does not know its width gets the whole line', () => {
  const screen = { ...terminal(true), columns: 0 }
  new Progress(screen, false, () => 0, {}).update('load', 1, 2, 0.001)
  expect(screen.written).toEqual(['\r\u001b[2K0 %  load  1 of 2'])
})

test.each([
  ['a pipe', false, {}],
  ['a dumb terminal', true, { TERM: 'dumb' }],
])('%s gets only one line for each run that has ended', (_, isTTY, env) => {
  const screen = terminal(isTTY)
  let nowMs = 0
  const progress = new Progress(screen, false, () => nowMs, env)
  for (const what of ['leveling', 'leveling', 'tiering', null]) {
    progress.running(what)
    progress.update(`${what}: load`, 1, 2, 0.5)
    nowMs += 2000
  }
  progress.clear()
  expect(screen.written).toEqual(['leveling: done in 4 s\n', 'tiering: done in 2 s\n'])
  expect(progress.written.bytes).toBe(screen.written.join('').length)
})

test.each([[true], [false]])('--quiet prints nothing, terminal or not: %s', (isTTY) => {
  const screen = terminal(isTTY)
  const progress = new Progress(screen, true, () => 0, {})
  progress.running('leveling')
  progress.update('load', 1, 2, 0.5)
  progress.running(null)
  progress.clear()
  expect(screen.written).toEqual([])
})
