/**
 * Owns what the two packages for others are made of: `varve`, the engine with its strategies and
 * workloads, and `varve-lab`, the program. Invariant: versions of dependencies stand once, in the
 * checkout's package.json.
 *
 * The program reaches modules of `varve` that are no public entry by `varve/internal/…`. So a
 * strategy that imports `varve/strategies` and the program that runs it share one instance of every
 * module.
 */

import { posix } from 'node:path'

export interface PackagePlan {
  readonly name: string
  readonly description: string
  /** Folders of the checkout whose modules belong to this package. */
  readonly rooms: readonly string[]
  /** Modules that others import, by subpath. What they import is built with them. */
  readonly exports: Readonly<Record<string, string>>
  /** Further modules to build, which nothing built imports: programs, children, examples. */
  readonly modules: readonly string[]
  /** Scripts of pages, each made one text by `inlineScript`. */
  readonly pages: readonly string[]
  /** Files to copy. */
  readonly assets: readonly string[]
  readonly bin: Readonly<Record<string, string>>
  /** Names; installed with the package. */
  readonly dependencies: readonly string[]
  /** Names; installed by who wants what they are for. */
  readonly optionalPeers: readonly string[]
  /** Whether the versions of dependencies are exact: equal versions must give equal figures. */
  readonly isExact: boolean
}

/** The fields of the checkout's package.json that packages take over. */
export interface RootManifest {
  readonly version: string
  readonly license: string
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

/** `node:zlib` has had zstd since then. */
const NODE_VERSION = '>=22.15'

/** For the program alone. */
const INTERNAL = 'internal'

export function packagePlans(root: RootManifest): readonly PackagePlan[] {
  return [
    {
      name: 'varve',
      description:
        'An LSM storage engine with pluggable compaction strategies; its files are RocksDB’s.',
      rooms: ['engine', 'strategies', 'workloads'],
      exports: root.exports,
      modules: ['strategies/examples/size-tiered.ts'],
      pages: [],
      assets: [
        'engine/FORMAT.md',
        'engine/README.md',
        'strategies/README.md',
        'strategies/model/README.md',
        'workloads/README.md',
        'workloads/examples/workloada',
        'workloads/traces/FORMAT.md',
        'workloads/traces/README.md',
      ],
      bin: {},
      dependencies: ['@node-rs/crc32', 'fastest-levenshtein', 'lz4-napi', 'pure-rand', 'zod'],
      optionalPeers: ['fast-check'],
      isExact: false,
    },
    {
      name: 'varve-lab',
      description: 'Measures what compaction strategies cost: experiments, charts and reports.',
      rooms: ['experiments', 'results'],
      exports: { './results': 'results/schema.ts' },
      modules: ['experiments/main.ts', 'experiments/suites/memory.child.ts'],
      pages: [
        'experiments/charts/page/figure.ts',
        'experiments/report/page/main.ts',
        'experiments/timeline/page/main.ts',
      ],
      assets: [
        'experiments/browser/page.css',
        'experiments/report/report.css',
        'experiments/timeline/timeline.css',
        'results/README.md',
        'results/run-result.schema.json',
      ],
      bin: { varve: 'experiments/main.ts' },
      dependencies: [
        '@bomb.sh/tab',
        '@resvg/resvg-js',
        'cli-table3',
        'commander',
        'dejavu-fonts-ttf',
        'fast-check',
        'hdr-histogram-js',
        'hyparquet-writer',
        'lz4-napi',
        'pdfkit',
        'svg-to-pdfkit',
        'varve',
        'vega',
        'vega-embed',
        'vega-lite',
        'zod',
      ],
      optionalPeers: ['@nxtedition/rocksdb', 'better-sqlite3', 'classic-level', 'lmdb'],
      isExact: true,
    },
  ]
}

/** The package.json of a package. Throws where the checkout does not have a dependency. */
export function packageManifest(plan: PackagePlan, root: RootManifest): Record<string, unknown> {
  const versionOf = (name: string) => {
    const version = name === 'varve' ? root.version : root.dependencies[name]
    if (version === undefined) throw new Error(`${plan.name}: no dependency is called ${name}`)
    return version
  }
  const versions = (names: readonly string[], prefix: string) =>
    Object.fromEntries(names.map((name) => [name, `${prefix}${versionOf(name)}`]))
  const entries = Object.entries(plan.exports).map(([subpath, path]) => [subpath, built(path)])
  const commands = Object.entries(plan.bin).map(([name, path]) => [name, built(path)])
  const isOptional = plan.optionalPeers.map((name) => [name, { optional: true }])
  return {
    name: plan.name,
    version: root.version,
    description: plan.description,
    license: root.license,
    type: 'module',
    engines: { node: NODE_VERSION },
    exports: {
      ...Object.fromEntries(entries),
      [`./${INTERNAL}/*`]: './*',
      './package.json': './package.json',
    },
    ...(commands.length > 0 && { bin: Object.fromEntries(commands) }),
    dependencies: versions(plan.dependencies, plan.isExact ? '' : '^'),
    peerDependencies: versions(plan.optionalPeers, '^'),
    peerDependenciesMeta: Object.fromEntries(isOptional),
  }
}

/** Where the built form of a source lies in its package. */
export function built(path: string): string {
  return `./${posix.normalize(path).replace(/\.ts$/, '.js')}`
}

const SPECIFIER = /(?<=\b(?:from |import ?\(?)['"])\.{1,2}\/[^'"]+(?=['"])/g

/**
 * The text of a built module or declaration with its imports as a package needs them. `path` is the
 * module's, from the top of the checkout. What lies in the rooms of another package is imported
 * from there; relative paths end in `.js`, also in declarations, where the compiler leaves `.ts`.
 */
export function withPackageImports(
  path: string,
  text: string,
  plans: readonly PackagePlan[],
): string {
  const own = planOf(path, plans)
  return text.replaceAll(SPECIFIER, (specifier) => {
    const target = specifier.replace(/\.ts$/, '.js')
    const place = posix.join(posix.dirname(path), target)
    const owner = planOf(place, plans)
    return owner === own ? target : `${owner.name}/${INTERNAL}/${place}`
  })
}

/** The package that a file of the checkout belongs to. Throws where it belongs to none. */
export function planOf(path: string, plans: readonly PackagePlan[]): PackagePlan {
  const [room = ''] = path.split('/')
  const plan = plans.find(({ rooms }) => rooms.includes(room))
  if (plan === undefined) throw new Error(`${path} belongs to no package`)
  return plan
}
