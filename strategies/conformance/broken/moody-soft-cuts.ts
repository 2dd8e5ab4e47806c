/** Breaks `no-memory`: the sizes of its soft cuts depend on how many merges it has picked. */

import { defineStrategy, softCutsAt, tablesOf } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, runsOf } from './parts.ts'

let merges = 0

export default defineStrategy({
  name: 'moody-soft-cuts',
  description: 'Broken: ends tables the earlier the more it has merged',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    const spec = mergeDown(view, level)
    const targetBytes = view.memtableBytes / (1 + (merges++ % 1000) / 1000)
    const softCuts = softCutsAt([...tablesOf(runsOf(view, level)[0]!)], targetBytes)
    return { ...spec, outputs: spec.outputs.map((output) => ({ ...output, softCuts })) }
  },
})
