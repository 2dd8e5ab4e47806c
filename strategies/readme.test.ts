import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listStrategies } from './catalog.ts'
import { SCHEDULING_POLICIES } from './scheduling/index.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const readme = read('./README.md')

test('the example in the README is the one that is tested', () => {
  const example = read('./examples/size-tiered.ts')
  expect(readme).toContain(example.slice(example.indexOf('import {')).trim())
  expect(example.trim().split('\n').length).toBeLessThan(60)
})

test('the README names every strategy with its file, its layout and its own parameters', () => {
  const shared = new Set(['bitsPerKey', 'filterAlloc', 'targetTableBytes'])
  for (const { name, primitives, params } of listStrategies()) {
    const row = readme.split('\n').find((line) => line.startsWith(`| [\`${name}\`](`)) ?? ''
    expect(row, name).toContain(`| ${primitives.layout} |`)
    const [, file = ''] = /\]\(([^)]+)\)/.exec(row) ?? []
    expect(read(`./${file}`), name).toContain(`  name: '${name}',`)
    for (const param of params) {
      if (!shared.has(param.name)) expect(row, name).toContain(`\`${param.name}\``)
    }
  }
})

test('the README names every scheduling policy with its file', () => {
  for (const name of SCHEDULING_POLICIES.keys()) {
    expect(readme).toContain(`| [\`${name}\`](scheduling/${name}.ts) |`)
    expect(read(`./scheduling/${name}.ts`)).toContain(`    name: '${name}',`)
  }
})
