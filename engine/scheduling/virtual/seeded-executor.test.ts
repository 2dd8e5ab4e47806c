import { expect, test } from 'vitest'
import { createRandom, deriveSeed } from '../../base/random.ts'
import { SeededExecutor } from './seeded-executor.ts'

/** Starts jobs with turns between them, then waits for all. Returns what happened, in order. */
function interleaving(seed: number, jobs = 4, workers = 4): string {
  const log: string[] = []
  const run = (id: number) => {
    log.push(`works ${id}`)
    return id
  }
  const executor = new SeededExecutor(run, createRandom(deriveSeed(seed, 'jobs')), workers)
  for (let id = 0; id < jobs; id++) {
    executor.start(id, (result) => log.push(`ends ${result}`))
    executor.turn()
  }
  while (executor.pending > 0) executor.wait()
  return log.join(', ')
}

test('a seed replays its interleaving, and every job works before it ends, once', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const log = interleaving(seed)
    expect(interleaving(seed)).toBe(log)
    const events = log.split(', ')
    expect(events).toHaveLength(8)
    for (let id = 0; id < 4; id++) {
      const works = events.indexOf(`works ${id}`)
      expect(works, `seed ${seed}`).toBeGreaterThanOrEqual(0)
      expect(events.indexOf(`ends ${id}`)).toBeGreaterThan(works)
    }
  }
})

test('seeds reach all orders in which jobs can end', () => {
  const endings = new Set<string>()
  for (let seed = 1; seed <= 500; seed++) {
    endings.add(interleaving(seed, 3).replaceAll(/works \d(, )?/g, ''))
  }
  expect(endings.size).toBe(6)
})

test('a job works at its start, at its end or in between', () => {
  const all = new Set<string>()
  for (let seed = 1; seed <= 200; seed++) all.add(interleaving(seed, 2))
  expect(all).toContain('works 0, works 1, ends 0, ends 1')
  expect(all).toContain('works 0, ends 0, works 1, ends 1')
  expect(all).toContain('works 1, works 0, ends 0, ends 1')
})

test('no more jobs than workers are between their work and their end', () => {
  for (let seed = 1; seed <= 50; seed++) {
    let open = 0
    for (const event of interleaving(seed, 6, 2).split(', ')) {
      open += event.startsWith('works') ? 1 : -1
      expect(open, `seed ${seed}`).toBeLessThanOrEqual(2)
    }
  }
})

test('a failure is the end of a job', () => {
  const fails = () => {
    throw new Error('disk full')
  }
  const executor = new SeededExecutor(fails, createRandom(1), 1)
  const ends: unknown[] = []
  executor.start('order', (result) => ends.push(result))
  executor.wait()
  expect(ends).toEqual([new Error('disk full')])
})

test('after close nothing ends', () => {
  const executor = new SeededExecutor(() => 'outcome', createRandom(1), 1)
  executor.start('order', () => expect.unreachable())
  executor.close()
  executor.turn()
  expect(executor.pending).toBe(0)
})
