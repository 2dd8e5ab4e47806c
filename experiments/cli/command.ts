/** Owns the command that repeats one run. It states every value that a default could change. */
import type { Json } from '../../engine/index.ts'
import { startWords } from '../base/start-words.ts'
import type { Request, TargetName } from './request.ts'
import { textOfSetting } from './settings.ts'

/** Values that a run decides if the request leaves them open. */
interface Decided {
  readonly target: TargetName
  readonly records: number
  readonly operations: number
}

/**
 * `npm run exp -- …` for one run. A single repeat cannot be requested, so repeats 0 … `repeat` run.
 * `params` are the given ones that the run's strategy or workload declares.
 */
export function reproducingCommand(
  request: Omit<Request, 'target'> & Decided,
  strategy: string,
  workload: string,
  repeat: number,
  params: Readonly<Record<string, Json>>,
): readonly string[] {
  const { records, operations, valueBytes, userBytes, seed, set, storage, target } = request
  const { scheduling } = request
  const flags: string[] = [
    `--strategy=${strategy}`,
    request.trace === null ? `--workload=${workload}` : `--trace=${request.trace}`,
    ...(target === 'varve' ? [] : [`--target=${target}`]),
    ...(request.trace !== null
      ? []
      : userBytes === null
        ? [`--records=${records}`, `--operations=${operations}`]
        : [`--user-bytes=${userBytes}`]),
    `--seed=${seed}`,
  ]
  if (request.until !== null) flags.push(`--until=${request.until}`)
  if (request.arrival !== null) flags.push(`--arrival=${request.arrival}`)
  if (request.rate !== null) flags.push(`--rate=${request.rate}`)
  if (request.clients > 1) flags.push(`--clients=${request.clients}`)
  if (valueBytes !== null) flags.push(`--value-bytes=${valueBytes}`)
  if (repeat > 0) flags.push(`--repeat=${repeat + 1}`)
  for (const [name, value] of Object.entries(params))
    flags.push(`--param=${name}=${textOfSetting(value)}`)
  for (const [name, value] of Object.entries(set))
    flags.push(`--set=${name}=${textOfSetting(value)}`)
  if (scheduling !== 'inline') flags.push(`--scheduling=${scheduling}`)
  if (storage !== 'node') flags.push(`--storage=${storage}`)
  return [...startWords('exp'), ...flags]
}
