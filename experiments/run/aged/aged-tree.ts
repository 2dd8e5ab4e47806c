/**
 * Owns the store of loaded trees. A tree lies under the hash of everything that decides its bytes:
 * strategy, workload, engine options, seeds and code. It is written once and never changed. A run
 * starts from a clone. Tables are never written again, so they are hard links; all other files are
 * copied, and share blocks where the file system can.
 *
 *   <folder>/<hash>/aged.json   what it is, and what a clone must agree with
 *   <folder>/<hash>/db/         the database, drained and closed
 */
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Json } from '../../../engine/index.ts'
import { writeWhole } from '../../../results/write-result.ts'
import { STRATEGIES } from '../../../strategies/index.ts'
import { hashOfJson } from '../../base/digest.ts'
import { makeFolder } from '../../base/make-folder.ts'
import type { RunPlan } from '../../base/run-plan.ts'

const DESCRIPTION = 'aged.json'
const DATABASE = 'db'
const TABLE_SUFFIX = '.sst'
const HASH_DIGITS = 16

const agedSchema = z.strictObject({
  /** What the hash is of. */
  spec: z.record(z.string(), z.json()),
  /** Hash of the load phase; the run of a clone must generate the same load. */
  loadTraceHash: z.string(),
  loadOperations: z.int(),
  files: z.int(),
  bytes: z.int(),
})

export interface AgedTree extends Omit<z.infer<typeof agedSchema>, 'spec'> {
  readonly spec: Readonly<Record<string, Json>>
}

/** Everything that decides the bytes of a plan's tree after its load. */
export function specOf(plan: RunPlan, varveVersion: string): Readonly<Record<string, Json>> {
  const { strategy, workload, records, valueBytes, engine, seed, repeat } = plan.config
  return {
    strategy: strategy.name,
    params: strategy.params as Json,
    engine: engine as Json,
    workload: workload.name,
    workloadParams: workload.params as Json,
    records,
    valueBytes,
    seed,
    repeat,
    varveVersion,
    // A user's module has no version. Its digest is in the plan's id.
    module: STRATEGIES.has(strategy.name) ? null : plan.id,
  }
}

export function hashOfSpec(spec: Readonly<Record<string, Json>>): string {
  return hashOfJson(spec as Json).slice(0, HASH_DIGITS)
}

/** The tree with this hash; null if there is none or only a damaged one. */
export function findAged(folder: string, hash: string): AgedTree | null {
  try {
    const text = readFileSync(join(folder, hash, DESCRIPTION), 'utf8')
    const tree = agedSchema.parse(JSON.parse(text))
    const { files, bytes } = contentsOf(join(folder, hash, DATABASE))
    return files === tree.files && bytes === tree.bytes ? tree : null
  } catch {
    return null
  }
}

/** Moves a closed database folder into the store. An existing tree stays. */
export function addAged(
  folder: string,
  hash: string,
  database: string,
  tree: Omit<AgedTree, 'files' | 'bytes'>,
): void {
  const place = join(folder, hash)
  // A damaged tree is replaced.
  if (findAged(folder, hash) === null) rmSync(place, { recursive: true, force: true })
  const staged = `${database}.staged`
  mkdirSync(staged)
  try {
    renameSync(database, join(staged, DATABASE))
    const described: AgedTree = { ...tree, ...contentsOf(join(staged, DATABASE)) }
    writeWhole(join(staged, DESCRIPTION), `${JSON.stringify(described, null, 2)}\n`)
    if (!existsSync(place)) renameSync(staged, place)
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
}

/** Fills `target`, a folder without files, with the tree. */
export function cloneAged(folder: string, hash: string, target: string): void {
  const source = join(folder, hash, DATABASE)
  makeFolder(target)
  for (const name of readdirSync(source)) {
    const [from, to] = [join(source, name), join(target, name)]
    if (!name.endsWith(TABLE_SUFFIX) || !links(from, to)) {
      copyFileSync(from, to, constants.COPYFILE_FICLONE)
    }
  }
}

/** False if the two folders lie on different file systems. */
function links(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch {
    return false
  }
}

function contentsOf(database: string): Pick<AgedTree, 'files' | 'bytes'> {
  const names = readdirSync(database)
  const bytes = names.reduce((sum, name) => sum + statSync(join(database, name)).size, 0)
  return { files: names.length, bytes }
}
