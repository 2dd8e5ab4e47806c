/**
 * Owns `npm run build`: it writes the two packages, ready to pack, into the folders `dist/varve`
 * and `dist/varve-lab`. The compiler makes JavaScript, declarations and source maps for the entries
 * of packages and all that they import. The source maps contain the sources.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { makeFolder } from '../base/make-folder.ts'
import { inlineScript } from '../browser/inline-script.ts'
import { describeCode } from '../machine/environment.ts'
import {
  built,
  type PackagePlan,
  packageManifest,
  packagePlans,
  planOf,
  type RootManifest,
  withLinksTo,
  withPackageImports,
} from './packages.ts'

const TOP = join(import.meta.dirname, '../..')
const COMPILER = join(TOP, 'node_modules/typescript/bin/tsc')
/** Type declarations of libraries that have none. */
const DECLARATIONS = ['experiments/charts/pdf-modules.d.ts']
/** In every package. */
const DOCUMENTS = ['README.md', 'CHANGELOG.md', 'LICENSE']

/**
 * Builds all packages into `folder`, which must contain no other files. Returns the folder of each.
 */
export function buildPackages(folder: string): readonly string[] {
  const root = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as RootManifest
  const plans = packagePlans(root)
  rmSync(folder, { recursive: true, force: true })
  const compiled = join(folder, 'compiled')
  makeFolder(compiled)
  compile(plans, compiled)
  for (const path of globSync('**/*.{js,map,d.ts}', { cwd: compiled })) {
    const target = join(folder, planOf(path, plans).name, path)
    writeIn(target, packed(path, readFileSync(join(compiled, path), 'utf8'), plans))
  }
  rmSync(compiled, { recursive: true })
  return plans.map((plan) => {
    const place = join(folder, plan.name)
    for (const page of plan.pages) writeIn(join(place, built(page)), inlineScript(join(TOP, page)))
    for (const path of [...plan.assets, ...DOCUMENTS]) cpSync(join(TOP, path), join(place, path))
    for (const path of globSync('**/*.md', { cwd: place })) {
      const at = dirname(join(place, path))
      const text = readFileSync(join(place, path), 'utf8')
      writeIn(
        join(place, path),
        withLinksTo((target) => existsSync(join(at, target)), text),
      )
    }
    const manifest = { ...packageManifest(plan, root), code: describeCode() }
    writeIn(join(place, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    return place
  })
}

function compile(plans: readonly PackagePlan[], folder: string): void {
  const entries = plans.flatMap(({ exports, modules }) => [...Object.values(exports), ...modules])
  const configuration = {
    extends: join(TOP, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      rootDir: TOP,
      outDir: folder,
      rewriteRelativeImportExtensions: true,
      declaration: true,
      sourceMap: true,
      inlineSources: true,
      typeRoots: [join(TOP, 'node_modules/@types')],
    },
    files: [...DECLARATIONS, ...entries].map((path) => join(TOP, path)),
    include: [],
  }
  const path = join(folder, 'tsconfig.json')
  writeFileSync(path, JSON.stringify(configuration))
  const { status } = spawnSync(process.execPath, [COMPILER, '-p', path], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`the compiler ended with exit code ${status}`)
}

/** Changes a file that the compiler wrote as its package needs it. */
function packed(path: string, text: string, plans: readonly PackagePlan[]): string {
  if (!path.endsWith('.map')) return withPackageImports(path, text, plans)
  const map = JSON.parse(text) as { sources: string[] }
  // The source map contains the source, named like a file beside the module.
  map.sources = map.sources.map((source) => basename(source))
  return JSON.stringify(map)
}

function writeIn(path: string, text: string): void {
  makeFolder(dirname(path))
  writeFileSync(path, text)
}

if (import.meta.main) {
  for (const place of buildPackages(join(TOP, 'dist'))) {
    process.stdout.write(`${relative(TOP, place)}\n`)
  }
}
