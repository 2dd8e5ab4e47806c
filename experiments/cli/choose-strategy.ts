/**
 * Owns finding the strategy that `--strategy` names, by registered name or by the path of a module,
 * and the given parameters that a strategy or workload declares.
 */
import { readFileSync } from 'node:fs'
import { loadStrategy, STRATEGIES, type StrategyModule } from '../../strategies/index.ts'
import { looksLikePath } from '../../strategies/load-strategy.ts'
import type { WorkloadDefinition } from '../../workloads/index.ts'
import { digestOf } from '../base/digest.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { describeSettings, readSettings, type SettingValue } from './settings.ts'

export interface ChosenStrategy {
  /** As the user wrote it. */
  readonly given: string
  readonly module: StrategyModule
  readonly moduleDigest: string | null
}

/** The strategy of this name or module. Throws `UsageError`. */
export async function chooseStrategy(given: string): Promise<ChosenStrategy> {
  if (!looksLikePath(given) && !STRATEGIES.has(given)) {
    throw unknownName('strategy', given, [...STRATEGIES.keys()])
  }
  try {
    const module = await loadStrategy(given)
    const moduleDigest = looksLikePath(given) ? digestOf([readFileSync(given)]) : null
    return { given, module, moduleDigest }
  } catch (cause) {
    const [line] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new UsageError(line, { cause })
  }
}

interface Parameterised {
  readonly params: StrategyModule['params']
}

/** The given parameters that `owner` declares, read as their types. Throws `UsageError`. */
export function declared(
  owner: Parameterised,
  given: Readonly<Record<string, SettingValue>>,
  what: string,
) {
  const own = Object.entries(given).filter(([name]) => Object.hasOwn(owner.params.shape, name))
  return readSettings(owner.params, Object.fromEntries(own), `${what} parameter`)
}

/** Throws `UsageError` for a parameter that no chosen strategy or workload declares. */
export function refuseOrphanParams(
  given: Readonly<Record<string, SettingValue>>,
  strategies: readonly ChosenStrategy[],
  workloads: readonly WorkloadDefinition[],
): void {
  const owners: Parameterised[] = [...strategies.map(({ module }) => module), ...workloads]
  const names = [...new Set(owners.flatMap((owner) => namesOf(owner)))]
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      const { message } = unknownName('parameter', name, names)
      throw new UsageError(`${message} (declared by none of the chosen strategies and workloads)`)
    }
  }
}

function namesOf(owner: Parameterised): readonly string[] {
  return describeSettings(owner.params).map((setting) => setting.name)
}
