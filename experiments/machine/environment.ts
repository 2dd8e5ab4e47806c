/**
 * Owns the description of the machine and the code of a run. Timed figures depend on them;
 * deterministic ones must not.
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, statfsSync } from 'node:fs'
import os from 'node:os'
import { resolve } from 'node:path'
import type { RunResult } from '../../results/schema.ts'
import type { Code } from '../base/context.ts'
import { digestOf } from '../base/digest.ts'

export type Environment = RunResult['environment']

const sourceFolder = resolve(import.meta.dirname, '../..')

/** `folder` must exist; its file system is part of the description. */
export function describeEnvironment(folder: string, startedAt: Date, code: Code): Environment {
  const cpus = os.cpus()
  return {
    node: process.version,
    cpuModel: cpus[0]?.model.trim() ?? '',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: os.release(),
    os: `${os.type()} ${os.arch()}`,
    fileSystem: fileSystemOf(folder),
    commit: code.commit,
    dirty: code.dirty,
    startedAt: startedAt.toISOString(),
    varveVersion: code.varveVersion,
  }
}

/**
 * The commit is null outside a checkout of this project. A built package says which code it was
 * built from.
 */
export function describeCode(): Code {
  const { version, code } = JSON.parse(readSource('package.json').toString()) as Manifest
  if (code !== undefined) return code
  const varveVersion = `${version}+${digestOfSources()}`
  const top = git('rev-parse', '--show-toplevel')
  if (top === null || resolve(top) !== sourceFolder) {
    return { commit: null, dirty: false, varveVersion }
  }
  const changes = git('status', '--porcelain', '--untracked-files=normal') ?? ''
  return { commit: git('rev-parse', 'HEAD'), dirty: changes !== '', varveVersion }
}

function git(...args: string[]): string | null {
  try {
    return execFileSync('git', args, {
      cwd: sourceFolder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return null
  }
}

interface Manifest {
  readonly version: string
  readonly code?: Code
}

const readSource = (path: string) => readFileSync(resolve(sourceFolder, path))

/**
 * Becomes the build metadata of the package's version. Two runs with equal versions ran the same
 * code, also when it was not committed.
 */
function digestOfSources(): string {
  const sources = globSync('{engine,strategies,workloads,experiments,results}/**/*.ts', {
    cwd: sourceFolder,
    exclude: (path) => path.endsWith('.test.ts') || path === 'charts',
  })
  const files = [...sources.sort(), 'package-lock.json']
  return digestOf(files.flatMap((path) => [path, readSource(path)])).slice(0, 12)
}

/** The file system's type by the mount that holds `folder` (Linux), else statfs's number. */
function fileSystemOf(folder: string): string {
  const path = resolve(folder)
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n')
    const holding = mounts
      .map((line) => line.split(' '))
      .map(([, point = '', type = '']) => ({ point: unescapeMount(point), type }))
      .filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
    // The longest path wins; of equal ones the last, which hides the earlier.
    const best = holding.reduce((a, b) => (b.point.length >= a.point.length ? b : a))
    return best.type
  } catch {
    return `type 0x${statfsSync(path).type.toString(16)}`
  }
}

function unescapeMount(point: string): string {
  return point.replaceAll(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)))
}
