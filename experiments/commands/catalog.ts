/** Owns the verbs of the program, in the order in which its help lists them. */
import type { Verbs } from '../cli/verb.ts'
import { bench } from './bench.ts'
import { chart } from './chart.ts'
import { compare } from './compare.ts'
import { completing, completion } from './completion.ts'
import { conform } from './conform.ts'
import { db } from './db.ts'
import { exp } from './exp.ts'
import { explain } from './explain.ts'
import { gallery } from './gallery.ts'
import { report } from './report.ts'
import { shell } from './shell.ts'
import { tidy } from './tidy.ts'
import { timeline } from './timeline.ts'
import { trace } from './trace.ts'
import { tune } from './tune.ts'

const SHOWN: Verbs = [
  ...[exp, compare, explain, timeline, report, chart, tidy, gallery],
  ...[tune, conform, bench, trace, db, shell, completion],
]

export const VERBS: Verbs = [...SHOWN, completing(SHOWN)]
