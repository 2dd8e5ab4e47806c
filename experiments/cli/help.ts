/**
 * Owns the texts of `--help` and `--list`; both are made from the lists the parser itself reads.
 */
import { engineOptionsSchema } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { WORKLOADS } from '../../workloads/index.ts'
import { SUITES } from '../suites/catalog.ts'
import { FLAGS, type FlagSpec } from './flags.ts'
import { EXPERIMENT_MEMTABLE_BYTES } from './resolve.ts'
import { describeSettings, formatSetting, type SettingInfo } from './settings.ts'

export function helpText(): string {
  const flags: readonly FlagSpec[] = FLAGS
  const rows = flags.map((flag) => {
    const usage = flag.value === null ? `--${flag.name}` : `--${flag.name}=${flag.value}`
    const preset = flag.default === null ? '' : ` [${flag.default}]`
    return [usage, `${flag.help}${preset}`] as const
  })
  return [
    'Runs experiments: strategies × workloads × repeats, each to a result and a chart.',
    '',
    '  npm run exp -- --strategy=tiering --workload=ycsb-a',
    '  npm run exp -- --strategy=leveling,tiering --workload=ycsb-a,ycsb-e --repeat=3',
    '  npm run exp -- --workload=./my-workload.json --param=phases.0.keys.theta=0.8',
    '  npm run exp -- --suite=counts --scale=smoke',
    '',
    ...columns(rows),
    '',
    'Sizes take B, KiB, MiB, GiB, TiB (4k is 4 KiB), counts k, M, G (100k is 100,000).',
    'A comma separates a list: --param=K=3,2,1 where a parameter takes one. Where one number is',
    'wanted, 1,234 is 1234: a comma before each group of exactly three digits, and nowhere else.',
    'For several values of a parameter, start the command once for each.',
    'Exit codes: 0 done, 1 a run failed or a claim does not hold, 2 a mistake in the arguments,',
    '128 + n ended by signal n.',
  ].join('\n')
}

export function listText(): string {
  const lines = ['Strategies (--param)']
  for (const { name, description, params } of STRATEGIES.values()) {
    lines.push('', `  ${name}: ${description}`, ...settingLines(describeSettings(params)))
  }
  lines.push('', ...workloadLines())
  lines.push('', 'Suites (--suite)', '')
  lines.push(...columns([...SUITES.values()].map(({ name, description }) => [name, description])))
  const options = describeSettings(engineOptionsSchema).map((option) =>
    option.name === 'memtableBytes'
      ? { ...option, default: EXPERIMENT_MEMTABLE_BYTES, description: EXPERIMENT_MEMTABLE }
      : option,
  )
  lines.push('', 'Engine options (--set)', '', ...settingLines(options))
  return lines.join('\n')
}

/** Parameters as shown for the first of a family are not shown again. */
function workloadLines(): string[] {
  const lines = [
    'Workloads (--param); each takes what the first of its family takes, unless shown otherwise.',
    'A file is a workload too: a spec (JSON) or a YCSB property file (workloads/README.md).',
  ]
  const families = Map.groupBy(WORKLOADS.values(), ({ family }) => family)
  for (const [family, workloads] of families) {
    lines.push('', `  ${family}`)
    const [first] = workloads
    const shown = describeSettings(first!.params).map((setting) => JSON.stringify(setting))
    for (const workload of workloads) {
      const settings = describeSettings(workload.params).filter(
        (setting) => workload === first || !shown.includes(JSON.stringify(setting)),
      )
      lines.push('', `  ${workload.name}: ${workload.description}`)
      if (settings.length > 0) lines.push(...sourcedLines(settings, workload.sources))
    }
  }
  return lines
}

/** The source of most defaults once, above; the others' beside them. */
function sourcedLines(
  settings: readonly SettingInfo[],
  sources: Readonly<Record<string, string>>,
): string[] {
  const counts = Map.groupBy(settings, ({ name }) => sources[name])
  const [usual] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0]!
  const described = settings.map((setting) => {
    const source = sources[setting.name]
    const { description } = setting
    return source === usual ? setting : { ...setting, description: `${description} (${source})` }
  })
  return [`    defaults: ${usual}`, ...settingLines(described)]
}

const EXPERIMENT_MEMTABLE =
  "Raw bytes (user keys + values) at which the memtable is flushed; the engine's own default is " +
  "4 MiB, LevelDB's; experiments take a quarter for deeper trees."

function settingLines(settings: readonly SettingInfo[]): string[] {
  return columns(
    settings.map((setting) => [
      `  ${setting.name}=${formatSetting(setting.name, setting.default)}`,
      `(${setting.range}) ${setting.description}`.trim(),
    ]),
  )
}

const TEXT_COLUMNS = 100

/** Two columns, the second wrapped under itself. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 4
  return rows.flatMap(([left, right]) =>
    wrap(right, TEXT_COLUMNS - width).map((line, index) =>
      `${index === 0 ? `  ${left}`.padEnd(width) : ' '.repeat(width)}${line}`.trimEnd(),
    ),
  )
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
