/** Owns the text of a broken rule: the message, and the tree, jobs and pick at that time. */

import { printVersion } from '../../engine/version/text.ts'
import { printSpec } from '../primitives/print-spec.ts'
import type { History, Step } from './history.ts'
import type { Finding } from './rule.ts'

/** Leaves out the command that replays it, which only the caller knows. */
export function printFinding({ message, scene, counterexample }: Finding): string {
  const parts = [message]
  const { version, running = [], spec } = scene
  if (version !== undefined) parts.push('tree:', indent(printVersion(version) || 'empty'))
  if (running.length > 0) parts.push('running:', indent(running.map(printSpec).join('\n')))
  if (spec != null) {
    parts.push(
      'pick:',
      indent(printSpec(spec)),
      indent(`with ${JSON.stringify(spec.reason.values)}`),
    )
  }
  const history = printHistory(counterexample)
  if (history !== null) parts.push('after:', indent(history))
  return parts.join('\n')
}

/** The steps of the history, one a line; null if the rule needs none. */
function printHistory(counterexample: unknown): string | null {
  if (counterexample === null || counterexample === undefined) return null
  const { inherited, steps, jobsMax, rangeWidth, schedule = 'inline' } = counterexample as History
  const before =
    inherited === null
      ? []
      : [
          ...inherited.steps.map(printStep),
          `(until here under another strategy, ${inherited.from})`,
        ]
  const limit = jobsMax === undefined ? [] : [`with at most ${jobsMax} jobs in progress:`]
  const jobs = schedule === 'inline' ? [] : [`with jobs that run as ${schedule}:`]
  const ranges =
    rangeWidth === undefined ? [] : [`with deletes that take ranges of ${rangeWidth} keys:`]
  const lines = [...limit, ...jobs, ...ranges, ...before, ...steps.map(printStep)]
  const shown = lines.slice(0, LINES_MAX)
  if (lines.length > LINES_MAX) shown.push(`and ${lines.length - LINES_MAX} steps more`)
  return shown.join('\n')
}

const LINES_MAX = 24

function printStep(step: Step): string {
  switch (step.kind) {
    case 'flush': {
      const puts = step.puts.length === 0 ? [] : [`puts ${step.puts.join(' ')}`]
      const deletes = step.deletes.length === 0 ? [] : [`deletes ${step.deletes.join(' ')}`]
      return `flush ${[...puts, ...deletes].join(', ')}`
    }
    case 'wait':
      return `wait ${step.ms} ms`
    case 'finish':
      return `finish job ${step.which}`
    default:
      return step.kind
  }
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
