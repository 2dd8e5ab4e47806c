/** Breaks `bounded-writes`: it rewrites the deepest level six times after each merge. */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, mergeOf, primitives, runsOf } from './parts.ts'

const TIMES: number = 6

export default defineStrategy({
  name: 'rewrites-again',
  description: 'Broken: merges the same data again and again',
  params: z.object({}),
  primitives,
  initialState: TIMES,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const level = fullLevel(view)
    if (level !== undefined) return { ...mergeDown(view, level), nextState: 0 }
    const deepest = view.version.levels.length - 1
    if (deepest < 1 || view.state === TIMES) return null
    const runs = runsOf(view, deepest)
    const place = { level: deepest, run: runs.at(-1)!.id }
    const spec = mergeOf(view, deepest, wholeRuns(deepest, runs), place)
    return { ...spec, nextState: view.state + 1 }
  },
})
