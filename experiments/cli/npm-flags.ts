/**
 * Owns the check for a forgotten `--`. With `npm run exp --strategy=leveling` npm takes the flag:
 * the script never sees it and would run with the default. npm leaves each such flag in the
 * environment, as `npm_config_strategy=leveling`, so the command refuses to run and shows the
 * intended command. npm leaves mistyped flags there too: a name that npm does not define can only
 * be meant for the script.
 *
 * npm exports the settings of an .npmrc or NPM_CONFIG_… in the same way. They are settings of npm,
 * not flags, and are ignored.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { shellText } from '../../results/shell-text.ts'
import { UsageError } from '../base/usage-error.ts'

type Environment = Readonly<Record<string, string | undefined>>
/** The placeholder of each flag's value in the help; null: a switch. */
type FlagValues = ReadonlyMap<string, { readonly value: string | null }>

/** The script that starts the program with any verb. */
const PROGRAM = 'varve'

/** How npm joins the values of a flag that is given several times. */
const SEPARATOR = '\n\n'

/**
 * Checks only if npm started this command, by its own script or by that of the whole program.
 * `specs` are the command's flags; '' is the program without a command. Throws `UsageError`.
 */
export function refuseFlagsKeptByNpm(
  command: string,
  argv: readonly string[],
  specs: FlagValues,
  environment: Environment,
): void {
  const { npm_lifecycle_event: script } = environment
  const words = command.split(' ').filter((word) => word !== '')
  const named = [PROGRAM, words[0], words.join(':')]
  if (script === undefined || !named.includes(script)) return
  const before = script === PROGRAM ? words : script === words[0] ? words.slice(1) : []
  const settings = settingsOfNpm(environment)
  const known = [...specs.keys()].filter((name) => environment[variableOf(name)] !== undefined)
  const flags = [...known, ...foreignNames(environment, specs)]
    .filter((name) => !settings.has(name))
    .map((name) => ({ name, value: specs.has(name) ? specs.get(name)!.value : '' }))
  if (flags.length === 0) return
  const valuesOf = (name: string) => environment[variableOf(name)]!.split(SEPARATOR)
  // `--records 10` reaches npm as the switch --records and the script as the operand 10.
  const apart = flags.filter(({ name, value }) => value !== null && valuesOf(name).includes('true'))
  const operands = [...argv]
  const spares = apart.length === operands.length ? operands.splice(0) : []
  const typed = flags.flatMap(({ name, value }) => {
    if (value === null) return [`--${name}`]
    return valuesOf(name).map((text) => {
      const given = text === 'true' ? spares.shift() : text
      return given || value ? `--${name}=${given || value}` : `--${name}`
    })
  })
  const names = flags.map(({ name }) => `--${name}`).join(', ')
  const meant = shellText(['npm', 'run', script, '--', ...before, ...operands, ...typed])
  throw new UsageError(`npm took ${names} for itself; write -- before the flags: ${meant}`)
}

function variableOf(flag: string): string {
  return `npm_config_${flag.replaceAll('-', '_')}`
}

/** Variables that npm exports in addition to its own settings. */
const EXPORTED = ['global-prefix', 'local-prefix', 'npm-version', 'node-gyp', 'noproxy']

/** Flags that neither the command nor npm defines. Empty if npm's own list cannot be read. */
function foreignNames(environment: Environment, specs: FlagValues): readonly string[] {
  const names = Object.keys(environment).flatMap((variable) => {
    const [, name] = /^npm_config_([a-z][a-z0-9_]*)$/.exec(variable) ?? []
    return name === undefined ? [] : [name.replaceAll('_', '-')]
  })
  const others = names.filter((name) => !specs.has(name) && !EXPORTED.includes(name))
  const defined = others.length === 0 ? null : namesOfNpm(environment.npm_execpath)
  return defined === null ? [] : others.filter((name) => !defined.has(name))
}

/** The settings that this npm defines, from its own package; null for another package manager. */
function namesOfNpm(npmPath: string | undefined): ReadonlySet<string> | null {
  if (!npmPath) return null
  try {
    const { definitions } = createRequire(npmPath)('@npmcli/config/lib/definitions')
    return new Set(Object.keys(definitions).map((name) => name.replaceAll(/[._]/g, '-')))
  } catch {
    return null
  }
}

/** Names that the user's, the project's and the global .npmrc set, and the environment. */
function settingsOfNpm(environment: Environment): ReadonlySet<string> {
  const { npm_config_userconfig, npm_config_globalconfig, npm_config_local_prefix } = environment
  const project = npm_config_local_prefix && join(npm_config_local_prefix, '.npmrc')
  const names = [npm_config_userconfig, npm_config_globalconfig, project].flatMap((path) =>
    [...textOf(path).matchAll(/^\s*([\w-]+)\s*(?:\[\])?\s*(?:=|$)/gm)].map(([, name]) =>
      name!.replaceAll('_', '-'),
    ),
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
