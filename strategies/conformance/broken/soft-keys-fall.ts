/** Breaks `well-formed`: its soft keys do not ascend. */

import { defineStrategy, softCutsAt, tablesOf } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'soft-keys-fall',
  description: 'Broken: takes borders from several runs, one run after another',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    const spec = mergeDown(view, level)
    const tables = runsOf(view, level).flatMap((run) => [...tablesOf(run)])
    const softCuts = softCutsAt(tables, view.memtableBytes)
    return { ...spec, outputs: spec.outputs.map((output) => ({ ...output, softCuts })) }
  },
})
