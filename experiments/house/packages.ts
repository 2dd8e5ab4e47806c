/**
 * Owns the contents of the two published packages: `varve`, the engine with its strategies and
 * workloads, and `varve-lab`, the program. Invariant: the versions of dependencies appear only in
 * the checkout's package.json.
 *
 * The program reaches modules of `varve` that are not public entries by `varve/internal/…`. So a
 * strategy that imports `varve/strategies` and the program that runs it share one instance of every
 * module.
 */

import { posix } from 'node:path'

export interface PackagePlan {
  readonly name: string
  readonly description: string
  /** Folders of the checkout whose modules belong to this package. */
  readonly rooms: readonly string[]
  /** Public modules by subpath. The modules that they import are built with them. */
  readonly exports: Readonly<Record<string, string>>
  /** Further modules to build that no built module imports: programs, workers, examples. */
  readonly modules: readonly string[]
  /** Scripts of pages; `inlineScript` turns each into one text. */
  readonly pages: readonly string[]
  /** Files to copy. */
  readonly assets: readonly string[]
  readonly bin: Readonly<Record<string, string>>
  /** Names of packages that are installed with this one. */
  readonly dependencies: readonly string[]
  /** Names of packages that users install only if they need them. */
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

/** The first version whose `node:zlib` has zstd. */
const NODE_VERSION = '>=22.15'

/** For modules that only the program uses. */
const INTERNAL = 'internal'

export function packagePlans(root: RootManifest): readonly PackagePlan[] {
  return [
    {
      name: 'varve',
      description:
        'An LSM storage engine with pluggable compaction strategies; its files are RocksDB’s.',
      rooms: ['engine', 'strategies', 'workloads'],
      exports: root.exports,
      modules: ['engine/db/threads/job.worker.ts', 'strategies/examples/size-tiered.ts'],
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
      modules: [
        'experiments/main.ts',
        'experiments/commands/bench/group.child.ts',
        'experiments/commands/exp/chart.child.ts',
        'experiments/commands/exp/plan.child.ts',
        'experiments/suites/memory.child.ts',
        'experiments/suites/suite.child.ts',
      ],
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

/** The package.json of a package. Throws if the checkout lacks a dependency. */
export function packageManifest(plan: PackagePlan, root: RootManifest): Record<string, unknown> {
  const versionOf = (name: string) => {
    const version = name === 'varve' ? root.version : root.dependencies[name]
    if (version === undefined)
      throw new Error(`${plan.name}: the checkout has no dependency ${name}`)
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

/** Path of the built form of a source in its package. */
export function built(path: string): string {
  return `./${posix.normalize(path).replace(/\.ts$/, '.js')}`
}

/** The relative paths that a module imports, or names as the module of a worker. */
const SPECIFIER = /(?<=\b(?:from |import ?\(?|new URL\()['"])\.{1,2}\/[^'"]+(?=['"])/g

/**
 * The text of a built module or declaration, with its imports changed as a package needs them.
 * `path` is the module's path from the top of the checkout. Imports from rooms of another package
 * name that package. Relative paths end in `.js`, also in declarations, where the compiler leaves
 * `.ts`.
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

/** The package that a file of the checkout belongs to. Throws if there is none. */
export function planOf(path: string, plans: readonly PackagePlan[]): PackagePlan {
  const [room = ''] = path.split('/')
  const plan = plans.find(({ rooms }) => rooms.includes(room))
  if (plan === undefined) throw new Error(`${path} belongs to no package`)
  return plan
}

/**
 * A document without the relative links that lead nowhere in its package: their words stay,
 * pictures go. `exists` answers for a path from the document's folder.
 */
export function withLinksTo(exists: (path: string) => boolean, text: string): string {
  return text.replaceAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (link, image, words, target) => {
    const [path] = target.split('#')
    if (/^\w+:/.test(target) || path === '' || exists(path)) return link
    return image === '' ? words : ''
  })
}
