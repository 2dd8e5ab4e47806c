/**
 * Compares the packages' manifests with the sources they are built from. Needs no build and no
 * network.
 */

import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'oxc-parser'
import { describe, expect, test } from 'vitest'
import {
  built,
  packageManifest,
  packagePlans,
  planOf,
  withLinksTo,
  withPackageImports,
} from './packages.ts'

const top = join(import.meta.dirname, '../..')
const textOf = (path: string) => readFileSync(join(top, path), 'utf8')
const root = JSON.parse(textOf('package.json'))
const plans = packagePlans(root)
const [engine, lab] = plans as [(typeof plans)[number], (typeof plans)[number]]

/** The literal specifiers of a module's imports and re-exports, dynamic ones included. */
function specifiersOf(path: string, text: string): readonly string[] {
  const { module } = parseSync(path, text)
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) => {
    return text.slice(start, end)
  })
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...dynamic.flatMap((text) => /^'(.*)'$/.exec(text)?.[1] ?? []),
  ]
}

interface Source {
  readonly path: string
  readonly text: string
  readonly specifiers: readonly string[]
}

/** All sources that the compiler builds: entries and the files they import. */
function builtSources(): readonly Source[] {
  const entries = plans.flatMap(({ exports, modules }) => [...Object.values(exports), ...modules])
  const sources = new Map<string, Source>()
  const pending = entries.map((path) => posix.normalize(path))
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (sources.has(path)) continue
    const text = textOf(path)
    const specifiers = specifiersOf(path, text)
    sources.set(path, { path, text, specifiers })
    const relative = specifiers.filter((specifier) => specifier.startsWith('.'))
    for (const specifier of relative) pending.push(posix.join(posix.dirname(path), specifier))
  }
  return [...sources.values()]
}

const sources = builtSources()

/** `@scope/name` of `@scope/name/inner/module`. */
const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)![0]

describe.each(plans)('the package $name', (plan) => {
  const own = sources.filter(({ path }) => planOf(path, plans) === plan)
  const text = own.map((source) => source.text).join('\n')

  test('declares the packages that its modules import or name, and no others', () => {
    const imported = own
      .flatMap(({ specifiers }) => specifiers)
      .filter((specifier) => !/^\.|^node:/.test(specifier))
      .map(packageOf)
      .filter((name) => name !== plan.name)
    const declared = [...plan.dependencies, ...plan.optionalPeers]
    expect(own.length).toBeGreaterThan(50)
    expect(imported.filter((name) => !declared.includes(name))).toEqual([])
    // Some packages are resolved by name: fonts, libraries of pages, other stores.
    const named = (name: string) => imported.includes(name) || text.includes(`'${name}`)
    const unnamed = declared.filter((name) => !named(name) && !text.includes(`\`${name}/`))
    expect(unnamed.filter((name) => !PASSED_ON.includes(name))).toEqual([])
  })

  test('has the checkout’s versions of its dependencies, and no development dependencies', () => {
    const manifest = packageManifest(plan, root) as Record<string, Record<string, string>>
    const versions = { ...manifest.dependencies, ...manifest.peerDependencies }
    expect(Object.keys(versions).length).toBeGreaterThan(5)
    for (const [name, version] of Object.entries(versions)) {
      const expected = name === 'varve' ? root.version : root.dependencies[name]
      expect(version.replace('^', ''), name).toBe(expected)
      expect(root.devDependencies, name).not.toHaveProperty(name)
    }
  })

  test('has all files that it names, and no tests', () => {
    const files = [...Object.values(plan.exports), ...plan.modules, ...plan.pages, ...plan.assets]
    expect(files.filter((path) => !existsSync(join(top, path)))).toEqual([])
    expect(own.filter(({ path }) => path.endsWith('.test.ts'))).toEqual([])
  })

  test('reads and starts its modules under their built names', () => {
    const byName = /import\.meta\.(?:url|dirname)[^\n]*\.ts\b/
    expect(own.filter((source) => byName.test(source.text)).map(({ path }) => path)).toEqual([])
  })
})

/** Packages that the program declares only because an entry of `varve` that it uses needs them. */
const PASSED_ON = ['fast-check', 'varve']

describe('imports in packages', () => {
  const packed = (path: string, text: string) => withPackageImports(path, text, plans)

  test.each([
    ["import { a } from '../base/a.js';", "import { a } from '../base/a.js';"],
    ["export * from '../base/a.ts';", "export * from '../base/a.js';"],
    ["await import('../a.js')", "await import('../a.js')"],
    ['let a: import("../base/a.ts").A', 'let a: import("../base/a.js").A'],
    ["import 'zod'", "import 'zod'"],
    ["import '../../engine/a.js'", "import 'varve/internal/engine/a.js'"],
    ["await import('../../strategies/a/b.js')", "await import('varve/internal/strategies/a/b.js')"],
    ["say('../../engine/a.js')", "say('../../engine/a.js')"],
    ["new URL('./a.worker.ts', import.meta.url)", "new URL('./a.worker.js', import.meta.url)"],
  ])('%s', (text, expected) => {
    expect(packed('experiments/run/x.js', text)).toBe(expected)
  })

  test('no module of the engine reaches the program', () => {
    const text = sources
      .filter(({ path }) => planOf(path, plans) === engine)
      .map((source) => packed(source.path, source.text))
      .join('\n')
    expect(text).not.toContain(`'${lab.name}/`)
  })

  test('a file of no package is refused', () => {
    expect(() => packed('engine/x.js', "import '../notebooks/main.js'")).toThrow(
      'notebooks/main.js belongs to no package',
    )
  })
})

describe('a document of a package', () => {
  test.each([
    ['[here](here.md) and [there](../docs/there.md#part)', '[here](here.md) and there'],
    ['![chart](results/chart.png)\n', '\n'],
    [
      '[a part](#part), [a page](https://example.org/x)',
      '[a part](#part), [a page](https://example.org/x)',
    ],
  ])('%s', (text, expected) => {
    expect(withLinksTo((path) => path === 'here.md', text)).toBe(expected)
  })
})

describe('the command', () => {
  test('starts Node with the flags of the script', () => {
    const [first] = textOf('experiments/main.ts').split('\n')
    const flags = /^node (.*) experiments\/main\.ts$/.exec(root.scripts.varve)![1]
    expect(first).toBe(`#!/usr/bin/env -S node ${flags}`)
    expect(packageManifest(lab, root)).toMatchObject({
      bin: { varve: built('experiments/main.ts') },
    })
  })
})
