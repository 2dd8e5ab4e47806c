/** Owns the way from a task to its work, in this process. It loads only what the task needs. */
import { UsageError } from '../../base/usage-error.ts'
import type { CallDefinition } from '../../targets/peers/calls/call-store.ts'
import { callsOf } from '../../targets/peers/calls/catalog.ts'
import { EntryRing } from './entries.ts'
import type { GroupContext, GroupFigure, GroupOutcome, GroupTask, TaskName } from './group.ts'

type Work = (context: GroupContext) => Promise<readonly GroupFigure[]>

const writes = () => import('./groups/writes.ts')
const reads = () => import('./groups/reads.ts')
const whole = () => import('./groups/whole.ts')

const LOADERS: Readonly<Record<TaskName, () => Promise<Work>>> = {
  fillseq: async () => (await writes()).fillSequentially,
  fillrandom: async () => (await writes()).fillRandomly,
  put: async () => (await writes()).putSingly,
  sync: async () => (await writes()).putSynced,
  reads: async () => (await reads()).readAll,
  cached: async () => (await reads()).readCached,
  delete: async () => (await writes()).deleteRandomly,
  ycsb: async () => (await import('./groups/ycsb.ts')).runYcsb,
  merge: async () => (await whole()).mergeAll,
  open: async () => (await whole()).openLarge,
  recovery: async () => (await whole()).recoverLarge,
  load: async () => (await writes()).load,
  'load-large': async () => (await whole()).loadLarge,
}

/**
 * Does the task. Throws `WrongAnswer` if the store reads something else than what was written, and
 * `UsageError` if its library is missing. `definition` replaces the engine's in tests.
 */
export async function runGroup(
  task: GroupTask,
  signal: AbortSignal,
  definition?: CallDefinition,
): Promise<GroupOutcome> {
  if (task.engine === 'db_bench') throw new UsageError('db_bench does not run in this process')
  const work = await LOADERS[task.name]()
  const context: GroupContext = {
    task,
    definition: definition ?? (await callsOf(task.engine)),
    ring: new EntryRing(),
    signal,
  }
  return { figures: await work(context), endsInCrash: task.name === 'open' }
}
