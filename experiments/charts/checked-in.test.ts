import { expect, test } from 'vitest'
import { expectGolden } from '../../results/testing/golden.ts'
import { chartFor } from './chart-for.ts'
import { FRONT_PAGE, frontPageResults } from './gallery.ts'
import { renderSvg } from './render.ts'

test('the README’s picture is drawn from its checked-in results', async () => {
  const results = frontPageResults()
  expect(results).toHaveLength(10)
  expectGolden(`${FRONT_PAGE}.svg`, await renderSvg(chartFor(results)), 'npm run gallery')
})
