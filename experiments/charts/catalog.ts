/** Owns the list of kinds of figures, in the order of the help. */

import type { ChartKind } from './chart-kind.ts'
import { amplification } from './kinds/amplification.ts'
import { run } from './kinds/run.ts'
import { treeShape } from './kinds/tree-shape.ts'

export const chartKinds: ReadonlyMap<string, ChartKind> = new Map(
  [amplification, run, treeShape].map((kind) => [kind.name, kind]),
)
