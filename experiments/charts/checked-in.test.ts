import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseResult } from '../../results/parse-result.ts'
import { chartFor } from './chart-for.ts'
import { renderSvg } from './render.ts'

const FOLDER = 'results/strategies-on-ycsb'

test('the README’s picture is what its checked-in results draw', async () => {
  const byWorkload = readdirSync(FOLDER)
    .map((name) => `${FOLDER}/${name}`)
    .map((path) => parseResult(JSON.parse(readFileSync(path, 'utf8')), path))
  const inOrder = (strategy: string) =>
    ['leveling', 'leveling-partial', 'tiering', 'lazy-leveling', 'fluid'].indexOf(strategy)
  const results = byWorkload.toSorted(
    (a, b) =>
      a.config.workload.name.localeCompare(b.config.workload.name) ||
      inOrder(a.config.strategy.name) - inOrder(b.config.strategy.name),
  )
  expect(results).toHaveLength(10)
  // Compared as a truth value: the difference of two pictures is no message.
  const same = (await renderSvg(chartFor(results))) === readFileSync(`${FOLDER}.svg`, 'utf8')
  expect(same).toBe(true)
})
