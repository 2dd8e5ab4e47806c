/** Owns reading the config file of `exp`: an object whose names are names of flags. */
import { readFileSync } from 'node:fs'
import { isLsmError } from '../../engine/base/errors.ts'
import { decodeText } from '../../engine/base/text.ts'
import { parseJson } from '../../workloads/json-text.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { flagsOf } from './flags.ts'

/** The values by flag, not yet checked. Throws `UsageError`. */
export function readConfig(path: string): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = decodeText(readFileSync(path))
  } catch (cause) {
    const why = isLsmError(cause) ? `: ${cause.message}` : ''
    throw new UsageError(`--config: cannot read ${path}${why}`, { cause })
  }
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    throw new UsageError(`--config: ${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`--config: ${path} does not hold a JSON object`)
  }
  const known = [...flagsOf('exp')].flatMap(([name, spec]) => (spec.commandLineOnly ? [] : [name]))
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new UsageError(`${path}: ${unknownName('name', name, known).message}`)
    }
  }
  return value as Record<string, unknown>
}
