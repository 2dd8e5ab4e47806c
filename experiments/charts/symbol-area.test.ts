import { expect, test } from 'vitest'
import type { RunResult } from '../../results/schema.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { chartKinds } from './catalog.ts'
import { renderSvg } from './render.ts'
import { symbolSize } from './symbol-area.ts'
import { PRESETS, SERIES_STYLES } from './theme.ts'

/** Ink of the outline that an SVG path draws, in square pixels. */
function areaOf(path: string): number {
  const arc = /A([\d.]+)/.exec(path)
  if (arc !== null) return Math.PI * Number(arc[1]) ** 2
  const corners: [number, number][] = []
  for (const [, command, text] of path.matchAll(/([MLhv])([^A-Za-z]*)/g)) {
    const [first, second] = text!.split(',').map(Number) as [number, number]
    const [x, y] = corners.at(-1) ?? [0, 0]
    if (command === 'h') corners.push([x + first, y])
    else if (command === 'v') corners.push([x, y + first])
    else corners.push([first, second])
  }
  const twice = corners.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length]!
    return sum + x * nextY - nextX * y
  }, 0)
  return Math.abs(twice) / 2
}

const pathsOf = (svg: string, colour: string) =>
  [...svg.matchAll(/<path [^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => tag.includes(`stroke="${colour}"`))
    .map((tag) => / d="([^"]*)"/.exec(tag)![1]!)

test.each(SERIES_STYLES.map(({ shape }) => [shape]))(
  '%s: the inked area is proportional to the value',
  async (shape) => {
    const drawn = async (value: number) => {
      const svg = await renderSvg({
        data: { values: [{}] },
        mark: { type: 'point', shape, size: symbolSize(value, 4, shape), stroke: '#abcdef' },
      })
      return areaOf(pathsOf(svg, '#abcdef')[0]!)
    }
    const [whole, quarter, circle] = [await drawn(4), await drawn(1), symbolSize(4, 4, 'circle')]
    expect(whole / quarter).toBeCloseTo(4, 1)
    expect(whole).toBeCloseTo((circle * Math.PI) / 4, 0)
  },
)

function spaceOf(strategy: string, space: number, wa = 1): RunResult {
  const sample = sampleResult({ strategy: 'leveling' })
  const { config } = sample
  const result = {
    ...sample,
    config: { ...config, strategy: { ...config.strategy, name: strategy } },
  }
  const { amplification } = result.deterministic
  const drained = {
    ...amplification.drained,
    spaceAmplification: space,
    waTotal: amplification.drained.waTotal! * wa,
  }
  const deterministic = { ...result.deterministic, amplification: { ...amplification, drained } }
  return { ...result, deterministic }
}

const draw = (results: readonly RunResult[]) =>
  renderSvg(chartKinds.get('trade-off')!.specOf(results, PRESETS['two-column']))

test('nearly equal space is drawn nearly equal', async () => {
  const svg = await draw([spaceOf('leveling', 1.29), spaceOf('tiering', 1.32, 2)])
  const areas = SERIES_STYLES.slice(0, 3).flatMap(({ colour }) => pathsOf(svg, colour).slice(-1))
  expect(areas).toHaveLength(2)
  expect(areaOf(areas[1]!) / areaOf(areas[0]!)).toBeCloseTo(1.32 / 1.29, 1)
})

test('one size of space stands once in the legend', async () => {
  const svg = await draw([spaceOf('leveling', 1.301), spaceOf('tiering', 1.302, 2)])
  expect(svg.match(/>space ×1\.30</g)).toHaveLength(1)
})

test('points that coincide are both visible, and the caption gives their true place', async () => {
  const apart = await draw([spaceOf('leveling', 1.3), spaceOf('tiering', 1.3, 2)])
  expect(apart).not.toContain('side by side')
  const svg = await draw([spaceOf('leveling', 1.3), spaceOf('tiering', 1.3)])
  expect(svg).toContain('side by side')
  const place = (index: number) => {
    const { colour } = SERIES_STYLES[index]!
    const tags = [...svg.matchAll(/<path [^>]*>/g)].map(([tag]) => tag)
    const tag = tags.findLast((one) => one.includes(`stroke="${colour}"`))!
    return /translate\(([\d.]+),([\d.]+)\)/.exec(tag)!.slice(1).map(Number) as [number, number]
  }
  const [leveling, tiering] = [place(0), place(2)]
  expect(tiering[0] - leveling[0]).toBeGreaterThan(8)
  expect(tiering[1]).toBeCloseTo(leveling[1], 6)
})
