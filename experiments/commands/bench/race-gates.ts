/** Owns the gates of a race: the conditions under which its ratios may be quoted. */
import type { RaceFigure, RaceResult } from '../../../results/race-schema.ts'
import type { Race } from './schedule.ts'

/** With five rounds, the range of the ratios holds the median with 94 %. */
const ROUNDS_MIN = 5
/** Fewer entries fit into a few memtables, so that nothing is merged. */
const ENTRIES_MIN = 300_000
/** Runnable threads for each core, as the system counts them: the race itself takes one or two. */
const LOAD_MAX = 1.25

interface Judged {
  readonly plan: Race & { readonly size: { readonly entries: number } }
  readonly engines: RaceResult['engines']
  readonly figures: readonly RaceFigure[]
  /** The system's load average before each step. */
  readonly loads: readonly number[]
  readonly cores: number
}

export function gatesOf(judged: Judged): RaceResult['gates'] {
  const { plan, engines, figures, loads, cores } = judged
  const { rounds, size } = plan
  const unequal = engines.flatMap(({ engine, settings }) =>
    settings.filter(({ equal }) => !equal).map(({ name }) => `${engine} ${name}`),
  )
  const undrained = figures.filter(({ workLeft }) => workLeft !== null && !workLeft.isDrained)
  const load = Math.max(...loads)
  const gate = (name: string, passed: boolean, why: string): RaceResult['gates'][number] => {
    return { name, passed, why, covers: ['time'] }
  }
  return [
    gate('answers', true, 'every value that was read in a Node process is the one written'),
    gate(
      'rounds',
      rounds >= ROUNDS_MIN,
      `${rounds} rounds, at least ${ROUNDS_MIN} for intervals of 94 %`,
    ),
    gate('entries', size.entries >= ENTRIES_MIN, `${size.entries}, at least ${ENTRIES_MIN}`),
    gate(
      'idle-machine',
      load <= LOAD_MAX * cores,
      `load average up to ${load.toFixed(1)}, at most ${LOAD_MAX * cores} on ${cores} cores`,
    ),
    gate(
      'equal-settings',
      unequal.length === 0,
      unequal.length === 0 ? 'all equal' : `not equal: ${unequal.join(', ')}`,
    ),
    gate(
      'drained',
      undrained.length === 0,
      undrained.length === 0
        ? 'the work that writes left was waited for, outside of their time'
        : `not waited for: ${[...new Set(undrained.map(({ engine }) => engine))].join(', ')}`,
    ),
  ]
}
