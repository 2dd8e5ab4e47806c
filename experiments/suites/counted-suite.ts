/**
 * Owns suites whose figures are only counted and whose runs need nothing from each other. Their
 * runs are done one after the other in this process, or several at once, each in another process
 * (`suite.child.ts`).
 *
 * Invariant: findings, and all that is told, are the same both ways, apart from times and memory.
 */
import type { SuiteScale } from '../../results/suite-schema.ts'
import { modulePath } from '../base/module-path.ts'
import { Crew } from '../machine/crew.ts'
import { sum } from '../measure/figures.ts'
import type { CountedContext, Suite, SuiteContext, SuiteFindings } from './suite.ts'

/** One run. */
export interface Task<Plan> {
  readonly name: string
  /** In any unit, for the share that the run has of the suite. */
  readonly work: number
  readonly plan: Plan
}

export interface CountedSuite<Plan, Outcome>
  extends Pick<Suite, 'name' | 'description' | 'fullSeconds' | 'columns'> {
  readonly fullRssBytes: number
  /** The runs in the order of the result. */
  tasksOf(scale: SuiteScale): readonly Task<Plan>[]
  /** Does one run. The outcome is plain data, which another process can send. */
  perform(task: Task<Plan>, context: CountedContext): Promise<Outcome>
  /** `outcomes` are in the order of the tasks. */
  conclude(outcomes: readonly Outcome[], scale: SuiteScale): SuiteFindings
}

/** What another process is asked to do. */
export interface SuiteOrder extends Pick<CountedContext, 'scale' | 'seed' | 'outFolder'> {
  readonly suite: string
  readonly index: number
}

export function countedSuite<Plan, Outcome>(suite: CountedSuite<Plan, Outcome>): Suite {
  const { name, description, fullSeconds, columns, fullRssBytes } = suite
  // Choosing the runs may take as long as a run, and a process does many of them.
  const known = new Map<SuiteScale, readonly Task<Plan>[]>()
  const tasksOf = (scale: SuiteScale) => {
    const tasks = known.get(scale) ?? suite.tasksOf(scale)
    known.set(scale, tasks)
    return tasks
  }
  return {
    name,
    description,
    fullSeconds,
    columns,
    counted: {
      fullRssBytes,
      perform: (index, context) => suite.perform(tasksOf(context.scale)[index]!, context),
    },
    run: (context) => {
      return context.jobs === 1 ? inTurn(suite, context) : atOnce(suite, context)
    },
  }
}

async function inTurn<Plan, Outcome>(
  suite: CountedSuite<Plan, Outcome>,
  { scale, seed, outFolder, signal, onProgress, onEnded }: SuiteContext,
): Promise<SuiteFindings> {
  const tasks = suite.tasksOf(scale)
  const shares = new Shares(tasks, onProgress)
  const outcomes: Outcome[] = []
  for (const [index, task] of tasks.entries()) {
    const startMs = performance.now()
    const onShare = (share: number) => shares.tell(index, share)
    onShare(0)
    outcomes.push(await suite.perform(task, { scale, seed, outFolder, signal, onShare }))
    onShare(1)
    onEnded?.(task.name, (performance.now() - startMs) / 1e3)
  }
  return suite.conclude(outcomes, scale)
}

async function atOnce<Plan, Outcome>(
  suite: CountedSuite<Plan, Outcome>,
  { scale, seed, outFolder, signal, jobs, onProgress, onEnded }: SuiteContext,
): Promise<SuiteFindings> {
  const tasks = suite.tasksOf(scale)
  const shares = new Shares(tasks, onProgress)
  const orders = tasks.map((_, index): SuiteOrder => {
    return { suite: suite.name, scale, seed, outFolder, index }
  })
  const crew = new Crew(modulePath(import.meta, 'suite.child'), jobs)
  try {
    const performed = await crew.performAll<Outcome>(orders, signal, {
      onProgress: (index, { done }) => shares.tell(index, done),
      onEnded: (index, { seconds }) => {
        shares.tell(index, 1)
        onEnded?.(tasks[index]!.name, seconds)
      },
    })
    const findings = suite.conclude(
      performed.map(({ outcome }) => outcome),
      scale,
    )
    return { ...findings, otherRssBytes: crew.peakRssBytes }
  } finally {
    await crew.close()
  }
}

/** The progress of the whole: it names the first run that has not ended. */
class Shares {
  readonly #tasks: readonly Task<unknown>[]
  readonly #shares: number[]
  readonly #tell: SuiteContext['onProgress']

  constructor(tasks: readonly Task<unknown>[], tell: SuiteContext['onProgress']) {
    this.#tasks = tasks
    this.#shares = tasks.map(() => 0)
    this.#tell = tell
  }

  tell(index: number, share: number): void {
    this.#shares[index] = share
    const tasks = this.#tasks
    const ended = this.#shares.filter((done) => done === 1).length
    const current = Math.max(
      0,
      this.#shares.findIndex((done) => done < 1),
    )
    const work = sum(tasks.map((task) => task.work))
    const done = sum(tasks.map((task, at) => task.work * this.#shares[at]!))
    this.#tell(tasks[current]!.name, ended, tasks.length, done / work)
  }
}
