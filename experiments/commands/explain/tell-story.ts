/**
 * Owns the work of `varve explain`: the story of a run from its result, one event of it, or what
 * another strategy would have picked there.
 */
import { existsSync } from 'node:fs'
import type { Json } from '../../../engine/index.ts'
import type { RunResult } from '../../../results/schema.ts'
import { loadStrategy } from '../../../strategies/index.ts'
import { isFolder } from '../../base/make-folder.ts'
import { asUsage, UsageError } from '../../base/usage-error.ts'
import { versionsPath } from '../../base/version-log.ts'
import {
  type Arguments,
  integerOf,
  readAssignments,
  readInteger,
  textOf,
} from '../../cli/arguments.ts'
import { takeNewest } from '../../cli/newest-result.ts'
import { readRunResult, readVersions } from '../../cli/read-documents.ts'
import { say } from '../../cli/run-command.ts'
import { readSettings } from '../../cli/settings.ts'
import { type Rival, tellMoment } from '../../story/counterfactual.ts'
import { numbered, tellEvent, tellRun } from '../../story/run-story.ts'

export async function tellStory(given: Arguments): Promise<number> {
  const { operands, flags } = given
  const strategy = textOf(given, 'strategy')
  if (strategy !== null && !flags.has('at')) {
    throw new UsageError('--strategy: only with --at')
  }
  if (flags.has('param') && strategy === null) {
    throw new UsageError('--param: only with --strategy')
  }
  const operand = operands[0]!
  const path = isFolder(operand) ? takeNewest('explain', operand, strategy !== null) : operand
  const result = readRunResult(path)
  if (!flags.has('at')) {
    return say(tellRun(result, flags.has('level') ? integerOf(given, 'level') : null))
  }
  if (flags.has('level')) throw new UsageError('--level: not with --at')
  const { total } = result.deterministic.events
  const number = readInteger('at', textOf(given, 'at')!, [1, Math.max(total, 1)])
  const rival = strategy === null ? null : await chooseRival(strategy, flags.get('param') ?? [])
  return say(tellAt(result, path, number, rival))
}

/**
 * One event. Its tree and the other strategy's pick need the log of versions. Throws `UsageError`.
 */
function tellAt(result: RunResult, path: string, number: number, rival: Rival | null): string {
  const known = numbered(result)[number - 1]
  const told =
    known === undefined ? `#${number} is past the recorded events` : tellEvent(result, known)
  if (rival === null && !existsSync(versionsPath(path))) return told
  return `${told}\n\n${tellMoment(result, readVersions(path, result), number, rival)}`
}

async function chooseRival(name: string, params: readonly string[]): Promise<Rival> {
  try {
    const module = await loadStrategy(name)
    const parsed = module.parse(
      readSettings(module.params, readAssignments('--param', params), `${name} parameter`),
    )
    return { strategy: module.create(parsed), params: parsed as Readonly<Record<string, Json>> }
  } catch (error) {
    throw asUsage(error)
  }
}
