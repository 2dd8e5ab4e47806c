/**
 * Owns the reading of the arguments of `bench` and `profile`: operands, and flags that each take
 * one value.
 */

import { parseArgs } from 'node:util'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { refuseFlagsKeptByNpm } from '../cli/npm-flags.ts'

export interface BenchArguments {
  readonly operands: readonly string[]
  readonly flags: ReadonlyMap<string, string>
}

/** `values`: for each flag, what stands for its value in error messages. Throws `UsageError`. */
export function readBenchArguments(
  command: string,
  argv: readonly string[],
  values: Readonly<Record<string, string>>,
): BenchArguments {
  const specs = new Map(Object.entries(values).map(([name, value]) => [name, { value }]))
  refuseFlagsKeptByNpm(command, argv, specs, process.env)
  const names = ['debug', ...specs.keys()]
  const options = Object.fromEntries(
    names.map((name) => [name, { type: specs.has(name) ? 'string' : 'boolean' } as const]),
  )
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const flags = new Map<string, string>()
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (!names.includes(name)) {
      throw unknownName(
        'flag',
        rawName,
        names.map((known) => `--${known}`),
      )
    }
    if (!specs.has(name)) continue
    if (!value) throw new UsageError(`--${name} needs a value: --${name}=${values[name]}`)
    flags.set(name, value)
  }
  return { operands, flags }
}
