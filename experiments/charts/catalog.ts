/** Owns the list of kinds of figures, in the order of the help. */

import type { ChartKind } from './chart-kind.ts'
import { amplification } from './kinds/amplification.ts'
import { backgroundWork } from './kinds/background.ts'
import { debt } from './kinds/debt.ts'
import { filters } from './kinds/filters.ts'
import { latency } from './kinds/latency.ts'
import { predictionError } from './kinds/prediction-error.ts'
import { run } from './kinds/run.ts'
import { silk, stability } from './kinds/schedulers.ts'
import { sweep } from './kinds/sweep.ts'
import { throughput } from './kinds/throughput.ts'
import { tradeOff } from './kinds/trade-off.ts'
import { treeShape } from './kinds/tree-shape.ts'
import { valueLog } from './kinds/value-log.ts'
import { valueSize } from './kinds/value-size.ts'
import { virtualThreads } from './kinds/virtual-threads.ts'
import { waByLevel } from './kinds/wa-by-level.ts'
import { waVsSize } from './kinds/wa-vs-size.ts'

export const chartKinds: ReadonlyMap<string, ChartKind> = new Map(
  [
    amplification,
    tradeOff,
    waByLevel,
    latency,
    throughput,
    treeShape,
    debt,
    waVsSize,
    sweep,
    predictionError,
    filters,
    valueSize,
    valueLog,
    backgroundWork,
    stability,
    silk,
    virtualThreads,
    run,
  ].map((kind) => [kind.name, kind]),
)
