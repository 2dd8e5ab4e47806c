/**
 * Owns the texts of `exp --list`: an overview of everything that can be chosen, or everything about
 * one name. They are made from the catalogues and schemas that runs use.
 */
import { engineOptionsSchema } from '../../../engine/index.ts'
import { STRATEGIES, type StrategyModule } from '../../../strategies/index.ts'
import { WORKLOADS, type WorkloadDefinition } from '../../../workloads/index.ts'
import { unknownName } from '../../base/usage-error.ts'
import { deviceSchema } from '../../cli/device-settings.ts'
import { flagsOf } from '../../cli/flags.ts'
import { LIST_SECTIONS, namesFrom } from '../../cli/names.ts'
import { EXPERIMENT_MEMTABLE_BYTES } from '../../cli/resolve.ts'
import { describeSettings, formatSetting, type SettingInfo } from '../../cli/settings.ts'
import { columns, fitted, PAGE } from '../../cli/text-lines.ts'
import { SUITES } from '../../suites/catalog.ts'
import type { Suite } from '../../suites/suite.ts'

/** The text of `--list=name`; for the empty name, the overview. Throws `UsageError`. */
export async function listing(name: string): Promise<string> {
  if (name === '') return overview()
  const whole = SECTIONS[name as (typeof LIST_SECTIONS)[number]]
  if (Object.hasOwn(SECTIONS, name)) return whole().join('\n')
  const found = [
    ...strategyLines(STRATEGIES.get(name)),
    ...workloadLines(WORKLOADS.get(name)),
    ...suiteLines(SUITES.get(name)),
    ...optionLines(options().filter((option) => option.name === name)),
  ]
  if (found.length > 0) return found.join('\n')
  const known = await namesFrom('listed')
  throw unknownName(
    'name to list',
    name,
    known.map(([one]) => one),
  )
}

const SECTIONS = {
  strategies: () =>
    sectionLines('Strategies (--param)', [...STRATEGIES.values()].map(strategyLines)),
  workloads: () => allWorkloads(),
  suites: () => sectionLines('Suites (--suite)', [...SUITES.values()].map(suiteLines)),
  options: () => ['Engine options (--set)', '', ...settingLines(options())],
} as const satisfies Record<(typeof LIST_SECTIONS)[number], () => readonly string[]>

/** A screen or two: names, and a line for each if there are few. */
function overview(): string {
  const families = Map.groupBy(WORKLOADS.values(), ({ family }) => family)
  const { names: targets } = flagsOf('exp').get('target')!
  return [
    'Strategies (--strategy)',
    ...described([...STRATEGIES.values()]),
    '',
    'Workloads (--workload), and your own files (workloads/README.md)',
    ...columns(Array.from(families, ([family, all]) => [family, namesOf(all)])),
    '',
    'Targets (--target)',
    `  ${(targets as readonly string[]).join(', ')}`,
    '',
    'Suites (--suite)',
    ...described([...SUITES.values()]),
    '',
    'Engine options (--set)',
    ...fitted(`  ${namesOf(options())}`, PAGE).split('\n'),
    '',
    '--list=NAME shows one of them with parameters, defaults and bounds, as --list=tiering or',
    `--list=memtableBytes; --list=${LIST_SECTIONS.join(', --list=')} show all of a kind.`,
  ].join('\n')
}

interface Listed {
  readonly name: string
  readonly description: string
}

function described(all: readonly Listed[]): readonly string[] {
  return columns(all.map(({ name, description }) => [name, description]))
}

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(', ')
}

function sectionLines(heading: string, parts: readonly (readonly string[])[]): readonly string[] {
  return [heading, ...parts.flatMap((lines) => ['', ...lines])]
}

function strategyLines(strategy: StrategyModule | undefined): readonly string[] {
  if (strategy === undefined) return []
  const { name, description, params } = strategy
  return [`  ${name}: ${description}`, ...settingLines(describeSettings(params))]
}

function suiteLines(suite: Suite | undefined): readonly string[] {
  if (suite === undefined) return []
  return columns([[suite.name, suite.description]])
}

function optionLines(found: readonly SettingInfo[]): readonly string[] {
  return found.length === 0 ? [] : settingLines(found)
}

/** `passedOver` are settings that were already shown. */
function workloadLines(
  workload: WorkloadDefinition | undefined,
  passedOver: ReadonlySet<string> = new Set(),
): readonly string[] {
  if (workload === undefined) return []
  const settings = describeSettings(workload.params).filter(
    (setting) => !passedOver.has(JSON.stringify(setting)),
  )
  return [
    `  ${workload.name}: ${workload.description}`,
    ...sourcedLines(settings, workload.sources),
  ]
}

/** Parameters that equal those of the first of a family are not repeated. */
function allWorkloads(): readonly string[] {
  const lines = [
    'Workloads (--param); each takes what the first of its family takes, unless shown otherwise.',
    'A file is a workload too: a spec (JSON) or a YCSB property file (workloads/README.md).',
  ]
  for (const [family, workloads] of Map.groupBy(WORKLOADS.values(), (one) => one.family)) {
    const [first] = workloads
    const shown = new Set(describeSettings(first!.params).map((one) => JSON.stringify(one)))
    lines.push('', `  ${family}`)
    for (const workload of workloads) {
      lines.push('', ...workloadLines(workload, workload === first ? new Set() : shown))
    }
  }
  return lines
}

/** The source of most defaults once, at the top; other sources next to their defaults. */
function sourcedLines(
  settings: readonly SettingInfo[],
  sources: Readonly<Record<string, string>>,
): readonly string[] {
  if (settings.length === 0) return []
  const counts = Map.groupBy(settings, ({ name }) => sources[name])
  const [usual] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0]!
  const lines = settings.map((setting) => {
    const source = sources[setting.name]
    const { description } = setting
    return source === usual ? setting : { ...setting, description: `${description} (${source})` }
  })
  return [`    defaults: ${usual}`, ...settingLines(lines)]
}

const EXPERIMENT_MEMTABLE =
  "Raw bytes (user keys + values) at which the memtable is flushed; the engine's own default is " +
  "4 MiB, LevelDB's; experiments take a quarter for deeper trees."

/** The engine's options, with the defaults of experiments, and those of the modelled device. */
function options(): readonly SettingInfo[] {
  const all = [...describeSettings(engineOptionsSchema), ...describeSettings(deviceSchema)]
  return all.map((option) =>
    option.name === 'memtableBytes'
      ? { ...option, default: EXPERIMENT_MEMTABLE_BYTES, description: EXPERIMENT_MEMTABLE }
      : option,
  )
}

function settingLines(settings: readonly SettingInfo[]): readonly string[] {
  return columns(
    settings.map(({ name, default: preset, range, description }) => [
      `  ${name}=${formatSetting(name, preset)}`,
      `(${range}) ${description}`.trim(),
    ]),
  )
}
