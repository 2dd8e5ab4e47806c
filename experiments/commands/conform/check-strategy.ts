/**
 * Owns the work of `varve conform`: checks a strategy against the rules every strategy must keep.
 */
import { engineOptionsSchema, isLsmError } from '../../../engine/index.ts'
import { shellText } from '../../../results/shell-text.ts'
import { RULES } from '../../../strategies/conformance/catalog.ts'
import { conform, type Verdict } from '../../../strategies/conformance/conform.ts'
import { printFinding } from '../../../strategies/conformance/report.ts'
import type { Effort, Rule } from '../../../strategies/conformance/rule.ts'
import { loadSubject, type Subject } from '../../../strategies/conformance/subject.ts'
import type { StrategyModule } from '../../../strategies/index.ts'
import { startWords } from '../../base/start-words.ts'
import { UsageError } from '../../base/usage-error.ts'
import { type Arguments, integerOf, oneOf, readAssignments } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { say } from '../../cli/run-command.ts'
import { readSettings } from '../../cli/settings.ts'

interface Request {
  readonly strategy: string
  readonly params: Readonly<Record<string, string>>
  readonly effort: Effort
  readonly rules: readonly Rule[]
  readonly retention: { readonly maxAgeMs?: number; readonly maxBytes?: number }
  readonly json: boolean
}

export async function checkStrategy(given: Arguments): Promise<number> {
  const { operands, flags } = given
  if (flags.has('list')) return say(listText())
  const request: Request = {
    strategy: operands[0]!,
    params: readAssignments('--param', flags.get('param')),
    effort: { seed: integerOf(given, 'seed'), runs: integerOf(given, 'runs') },
    rules: chooseRules(flags.get('rule')),
    retention: readRetention(flags.get('set')),
    json: flags.has('json'),
  }
  const subject = await chooseSubject(request)
  return check(subject, request)
}

function check(subject: Subject, request: Request): number {
  const { rules, effort, json } = request
  if (!json) say(titleOf(subject, request))
  const verdicts: Verdict[] = []
  for (const verdict of conform(subject, effort, rules)) {
    verdicts.push(verdict)
    if (!json) say(lineOf(verdict, request))
  }
  const broken = verdicts.filter(({ finding }) => finding !== null)
  if (json) say(JSON.stringify(jsonOf(subject, request, verdicts), null, 2))
  else {
    const unasked = rules.length - verdicts.length
    const more = unasked === 0 ? '' : `, ${unasked} not asked`
    say(`\n${verdicts.length - broken.length} rules hold, ${broken.length} broken${more}`)
  }
  return broken.length === 0 ? EXIT.done : EXIT.failed
}

function titleOf({ module }: Subject, { params, effort }: Request): string {
  const given = Object.entries(params).map(([name, value]) => `, ${name} ${value}`)
  return `${module.name}${given.join('')}: ${effort.runs} histories for each rule, seed ${effort.seed}\n`
}

const NAME_COLUMNS = Math.max(...RULES.map(({ name }) => name.length)) + 2

function lineOf({ rule, finding, note }: Verdict, request: Request): string {
  const line = `  ${finding === null ? 'holds ' : 'BROKEN'}  ${rule.name.padEnd(NAME_COLUMNS)}`
  if (finding === null) return note === null ? line.trimEnd() : `${line}${note}`
  const text = [rule.sentence, '', printFinding(finding), '', `again: ${replay(rule, request)}`]
  return `${line.trimEnd()}\n\n${text.join('\n').replaceAll(/^(?=.)/gm, '      ')}\n`
}

function replay(rule: Rule, { strategy, params, effort, retention }: Request): string {
  const flags = [
    ...Object.entries(params).map(([name, value]) => `--param=${name}=${value}`),
    ...(retention.maxAgeMs === undefined ? [] : [`--set=retentionMaxAgeMs=${retention.maxAgeMs}`]),
    ...(retention.maxBytes === undefined ? [] : [`--set=retentionMaxBytes=${retention.maxBytes}`]),
    `--rule=${rule.name}`,
    `--seed=${effort.seed}`,
    `--runs=${effort.runs}`,
  ]
  return shellText([...startWords('conform'), strategy, ...flags])
}

function jsonOf({ module }: Subject, request: Request, verdicts: readonly Verdict[]) {
  const { params, effort } = request
  return {
    strategy: module.name,
    params,
    ...effort,
    rules: verdicts.map(({ rule, finding, note }) => ({
      name: rule.name,
      sentence: rule.sentence,
      holds: finding === null,
      ...(note !== null && { note }),
      ...(finding !== null && {
        message: finding.message,
        finding: printFinding(finding),
        counterexample: finding.counterexample,
        again: replay(rule, request),
      }),
    })),
  }
}

function chooseRules(names: readonly string[] = []): readonly Rule[] {
  const known = RULES.map(({ name }) => name)
  for (const name of names) oneOf('rule', name, known)
  return names.length === 0 ? RULES : RULES.filter(({ name }) => names.includes(name))
}

const retentionSchema = engineOptionsSchema.pick({
  retentionMaxAgeMs: true,
  retentionMaxBytes: true,
})

function readRetention(texts: readonly string[] | undefined): Request['retention'] {
  const given = readSettings(retentionSchema, readAssignments('--set', texts), 'option', '--set')
  const { retentionMaxAgeMs: maxAgeMs, retentionMaxBytes: maxBytes } = retentionSchema.parse(given)
  return { ...(maxAgeMs !== null && { maxAgeMs }), ...(maxBytes !== null && { maxBytes }) }
}

/** Throws `UsageError` for a strategy that cannot be loaded or created with these parameters. */
async function chooseSubject({ strategy, params, retention }: Request): Promise<Subject> {
  try {
    const paramsOf = (module: StrategyModule) =>
      readSettings(module.params, params, `${module.name} parameter`)
    const subject = await loadSubject(strategy, paramsOf, retention)
    if (Object.keys(params).length > 0) subject.create()
    return subject
  } catch (cause) {
    if (!isLsmError(cause, 'LSM_INVALID_ARGUMENT')) throw cause
    throw new UsageError(cause.message, { cause })
  }
}

function listText(): string {
  return RULES.map(({ name, sentence }) => `${name.padEnd(NAME_COLUMNS)}${sentence}`).join('\n')
}
