import { expect, test } from 'vitest'
import { samplePeer } from '../../results/testing/sample-peer.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { chartKinds } from './catalog.ts'
import { renderSvg } from './render.ts'
import { inStrategyOrder, strategyStyle, stylesOf } from './strategy-styles.ts'
import { PRESETS } from './theme.ts'

const names = [...STRATEGIES.keys()]

test('every strategy of the catalogue has its own look and its place', () => {
  const looks = names.map(strategyStyle).map(({ colour, shape }) => `${colour} ${shape}`)
  expect(new Set(looks).size).toBe(names.length)
  const results = names.toReversed().map((strategy) => sampleResult({ strategy }))
  const ordered = inStrategyOrder(results).map(({ config }) => config.strategy.name)
  expect(ordered).toEqual(names)
})

test('a strategy outside the table looks the same each time, and comes after the table', () => {
  expect(strategyStyle('my-own')).toEqual(strategyStyle('my-own'))
  const results = ['zz', 'my-own', 'tiering'].map((strategy) => sampleResult({ strategy }))
  expect(inStrategyOrder(results).map(({ config }) => config.strategy.name)).toEqual([
    'tiering',
    'my-own',
    'zz',
  ])
})

test('peers stand behind all strategies', () => {
  const own = ['zz', 'tiering'].map((strategy) => sampleResult({ strategy }))
  const ordered = inStrategyOrder([samplePeer(own[0]!), ...own])
  expect(ordered.map(({ config }) => config.strategy.name)).toEqual(['tiering', 'zz', 'leveldb'])
})

test('a strategy looks the same whatever else is shown', () => {
  const [alone] = stylesOf(['tiering'])
  expect(stylesOf(['leveling', 'tiering', 'fluid'])[1]).toEqual(alone)
  expect(alone).toEqual(strategyStyle('tiering'))
})

test('several designs of a strategy share its colour and differ in shape and dash', () => {
  const styles = stylesOf(['leveling', 'tiering', 'tiering', 'tiering'])
  expect(new Set(styles.slice(1).map(({ colour }) => colour)).size).toBe(1)
  expect(new Set(styles.slice(1).map(({ shape }) => shape)).size).toBe(3)
  const alike = stylesOf(['tiering', 'tiering'])
  expect(alike[0]!.colour).not.toBe(alike[1]!.colour)
})

test('order and colour are those of the table, whatever the order of the results', async () => {
  const preset = PRESETS['two-column']
  const results = ['fluid', 'tiering', 'leveling'].map((strategy) => sampleResult({ strategy }))
  const draw = async (kind: string, of: typeof results) =>
    await renderSvg(chartKinds.get(kind)!.specOf(of, preset))
  for (const kind of ['trade-off', 'amplification']) {
    const svg = await draw(kind, results)
    expect(await draw(kind, results.toReversed())).toBe(svg)
    const places = ['leveling', 'tiering', 'fluid'].map((name) => svg.indexOf(`>${name}<`))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  }
  const { colour } = strategyStyle('fluid')
  expect(await draw('trade-off', results.slice(0, 1))).toContain(colour)
  expect(await draw('trade-off', results)).toContain(colour)
})
