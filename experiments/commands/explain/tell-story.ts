/**
 * Owns the work of `varve explain`: the story of a run from its result, one event of it, or what
 * another strategy would have picked there.
 */
import { existsSync } from 'node:fs'
import type { Json } from '../../../engine/index.ts'
import type { RunResult } from '../../../results/schema.ts'
import { shellText } from '../../../results/shell-text.ts'
import { loadStrategy } from '../../../strategies/index.ts'
import { readText } from '../../base/read-text.ts'
import { asUsage, UsageError, usageOf } from '../../base/usage-error.ts'
import { parseVersionLog, versionsPath } from '../../base/version-log.ts'
import {
  type Arguments,
  integerOf,
  readAssignments,
  readInteger,
  textOf,
} from '../../cli/arguments.ts'
import { readRunResult } from '../../cli/read-documents.ts'
import { say } from '../../cli/run-command.ts'
import { readSettings } from '../../cli/settings.ts'
import { type Rival, tellMoment } from '../../story/counterfactual.ts'
import { numbered, tellEvent, tellRun } from '../../story/run-story.ts'
import { isFolder, newestResults, tellTaken } from '../newest-result.ts'

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
  const path = isFolder(operand) ? newestIn(operand, strategy !== null) : operand
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

/** The newest result; with `needsVersions` the newest that has versions, if there is one. */
function newestIn(folder: string, needsVersions: boolean): string {
  const paths = newestResults(folder)
  const withVersions = paths.find((path) => existsSync(versionsPath(path)))
  const path = needsVersions && withVersions !== undefined ? withVersions : paths[0]!
  const which = needsVersions ? 'the newest result that has its versions' : 'the newest result'
  if (!needsVersions || withVersions !== undefined)
    tellTaken('explain', path, `${which} in ${folder}`)
  return path
}

/**
 * One event. Its tree and the other strategy's pick need the log of versions. Throws `UsageError`.
 */
function tellAt(result: RunResult, path: string, number: number, rival: Rival | null): string {
  const versions = versionsPath(path)
  const known = numbered(result)[number - 1]
  const told =
    known === undefined ? `#${number} is past the recorded events` : tellEvent(result, known)
  if (existsSync(versions)) {
    const events = usageOf(() => parseVersionLog(readText(versions), versions))
    return `${told}\n\n${tellMoment(result, events, number, rival)}`
  }
  if (rival === null) return told
  const again = shellText(result.command)
  throw new UsageError(`${versions} does not exist; run again with --versions: ${again} --versions`)
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
