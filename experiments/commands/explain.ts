/**
 * Owns the command `npm run explain`: tells the story of a run from its result, one event of it, or
 * what another strategy would have picked there. Exit codes: 0 done, 1 a failure, 2 a mistake in
 * the arguments; errors are one line on stderr.
 */

import { existsSync } from 'node:fs'
import type { Json } from '../../engine/index.ts'
import type { RunResult } from '../../results/schema.ts'
import { shellText } from '../../results/shell-text.ts'
import { loadStrategy } from '../../strategies/index.ts'
import { readText } from '../base/read-text.ts'
import { asUsage, UsageError, usageOf } from '../base/usage-error.ts'
import { parseVersionLog, versionsPath } from '../base/version-log.ts'
import { flagRows, readArguments, readAssignments, readInteger } from '../cli/arguments.ts'
import { isFolder, newestResults, tellTaken } from '../cli/newest-result.ts'
import { readRunResult } from '../cli/read-documents.ts'
import { runCommand, say } from '../cli/run-command.ts'
import { readSettings } from '../cli/settings.ts'
import { type Rival, tellMoment } from '../story/counterfactual.ts'
import { numbered, tellEvent, tellRun } from '../story/run-story.ts'

const LEVEL_MAX = 62

export const FLAGS = {
  at: { value: 'NUMBER', help: 'one event, by its number in the story; with its tree if recorded' },
  level: { value: 'LEVEL', help: 'only events that read from or write to this level' },
  strategy: { value: 'NAME', help: 'with --at: what this strategy, or module, would pick there' },
  param: {
    value: 'NAME=VALUE',
    help: 'a parameter of that strategy; may be repeated',
    multiple: true,
  },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

async function main(argv: readonly string[]): Promise<number> {
  const { operands, flags } = readArguments('explain', argv, FLAGS)
  if (flags.has('help')) return say(helpText())
  const [operand, extra] = operands
  if (operand === undefined) {
    throw new UsageError('name a result: the .json of a run, or a folder for its newest')
  }
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`)
  const strategy = flags.get('strategy')?.at(-1)
  if (strategy !== undefined && !flags.has('at')) {
    throw new UsageError('--strategy: only with --at')
  }
  if (flags.has('param') && strategy === undefined) {
    throw new UsageError('--param: only with --strategy')
  }
  const path = isFolder(operand) ? newestIn(operand, strategy !== undefined) : operand
  const result = readRunResult(path)
  if (!flags.has('at')) {
    const given = flags.get('level')
    const level = given === undefined ? null : readInteger('level', given, 0, [0, LEVEL_MAX])
    return say(tellRun(result, level))
  }
  if (flags.has('level')) throw new UsageError('--level: not with --at')
  const { total } = result.deterministic.events
  const number = readInteger('at', flags.get('at'), 1, [1, Math.max(total, 1)])
  const rival =
    strategy === undefined ? null : await chooseRival(strategy, flags.get('param') ?? [])
  return say(tellAt(result, path, number, rival))
}

/** The newest result, of those with their versions where a rival needs the tree. */
function newestIn(folder: string, needsVersions: boolean): string {
  const paths = newestResults(folder)
  const withVersions = paths.find((path) => existsSync(versionsPath(path)))
  const path = needsVersions && withVersions !== undefined ? withVersions : paths[0]!
  const which = needsVersions ? 'the newest result that has its versions' : 'the newest result'
  if (!needsVersions || withVersions !== undefined)
    tellTaken('explain', path, `${which} in ${folder}`)
  return path
}

/** Without a log of versions there is still the event itself, but no tree to ask a rival about. */
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
    return {
      strategy: module.create(parsed),
      params: parsed as Readonly<Record<string, Json>>,
    }
  } catch (error) {
    throw asUsage(error)
  }
}

function helpText(): string {
  return [
    'Tells what a run did and why, from its result.',
    '',
    '  npm run explain -- out',
    '  npm run explain -- out/ycsb-a-tiering-0123abcd-r0.json --level=1',
    '  npm run explain -- out/ycsb-a-tiering-0123abcd-r0.json --at=57 --strategy=leveling --param=T=4',
    '',
    ...flagRows(FLAGS),
    '',
    'Of a folder the newest result is taken. --strategy needs the versions of the run, which',
    'npm run exp -- … --versions writes.',
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments.',
  ].join('\n')
}

if (import.meta.main) await runCommand('explain', main)
