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
  expect(await renderSvg(chartFor(results))).toBe(readFileSync(`${FOLDER}.svg`, 'utf8'))
})
