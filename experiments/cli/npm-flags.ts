/**
 * Owns the check for a forgotten `--`. `npm run exp --strategy=leveling` gives npm the flag: the
 * script never sees it and would run with the default. npm leaves each such flag in the environment,
 * as `npm_config_strategy=leveling`, so the command refuses and shows what was meant.
 *
 * npm exports what an .npmrc or NPM_CONFIG_… sets in the same way. That is a setting of npm's, not
 * a flag, and is passed over.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shellText } from '../../results/shell-text.ts'
import type { ArgumentSpecs } from './arguments.ts'
import { UsageError } from './usage-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** How npm joins the values of a flag that is given several times. */
const SEPARATOR = '\n\n'

/** Only where npm started this very command, whose flags are `specs`. Throws `UsageError`. */
export function refuseFlagsKeptByNpm(
  command: string,
  argv: readonly string[],
  specs: ArgumentSpecs,
  environment: Environment,
): void {
  const [script = '', ...before] = command.split(' ')
  if (environment.npm_lifecycle_event !== script) return
  const kept = Object.keys(specs).filter((name) => environment[variableOf(name)] !== undefined)
  if (kept.length === 0) return
  const settings = settingsOfNpm(environment)
  const flags = kept
    .filter((name) => !settings.has(name))
    .map((name) => ({ name, ...specs[name]! }))
  if (flags.length === 0) return
  const valuesOf = (name: string) => environment[variableOf(name)]!.split(SEPARATOR)
  // `--records 10` reaches npm as the switch --records and the script as the operand 10.
  const apart = flags.filter(({ name, value }) => value !== null && valuesOf(name).includes('true'))
  const operands = [...argv]
  const spares = apart.length === operands.length ? operands.splice(0) : []
  const typed = flags.flatMap(({ name, value }) => {
    if (value === null) return [`--${name}`]
    return valuesOf(name).map((text) => {
      const known = text === 'true' ? spares.shift() : text
      return `--${name}=${known || value}`
    })
  })
  const names = flags.map(({ name }) => `--${name}`).join(', ')
  const meant = shellText(['npm', 'run', script, '--', ...before, ...operands, ...typed])
  throw new UsageError(`npm took ${names} for itself; write -- before the flags: ${meant}`)
}

function variableOf(flag: string): string {
  return `npm_config_${flag.replaceAll('-', '_')}`
}

/** Names that the user's, the project's and the global .npmrc set, and the environment. */
function settingsOfNpm(environment: Environment): ReadonlySet<string> {
  const { npm_config_userconfig, npm_config_globalconfig, npm_config_local_prefix } = environment
  const project = npm_config_local_prefix && join(npm_config_local_prefix, '.npmrc')
  const names = [npm_config_userconfig, npm_config_globalconfig, project].flatMap((path) =>
    [...textOf(path).matchAll(/^\s*([\w-]+)\s*(?:\[\])?\s*(?:=|$)/gm)].map(([, name]) => name!),
  )
  const variables = Object.keys(environment)
    .filter((name) => name.startsWith('NPM_CONFIG_'))
    .map((name) => name.slice('NPM_CONFIG_'.length).toLowerCase().replaceAll('_', '-'))
  return new Set([...names, ...variables])
}

function textOf(path: string | undefined): string {
  try {
    return path ? readFileSync(path, 'utf8') : ''
  } catch {
    // Most of these files do not exist.
    return ''
  }
}
