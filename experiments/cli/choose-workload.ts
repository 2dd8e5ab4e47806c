/**
 * Owns finding the workload that `--workload` or `--trace` names: a name of the catalogue, a trace,
 * or a file. The file is read here; it holds a spec, a preset with parameters, or YCSB properties.
 */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isLsmError } from '../../engine/base/errors.ts'
import { decodeText } from '../../engine/base/text.ts'
import {
  isWorkloadPath,
  traceDefinition,
  WORKLOADS,
  type WorkloadDefinition,
  workloadFromText,
} from '../../workloads/index.ts'
import { UsageError, unknownName, usageOf } from '../base/usage-error.ts'

export interface ChosenWorkload {
  /** As the user wrote it. */
  readonly given: string
  readonly definition: WorkloadDefinition
}

/** The workload of this name or file. Throws `UsageError`. */
export function chooseWorkload(given: string): ChosenWorkload {
  const known = WORKLOADS.get(given)
  if (known !== undefined) return { given, definition: known }
  if (!isWorkloadPath(given)) {
    const { message } = unknownName('workload', given, [...WORKLOADS.keys()])
    throw new UsageError(`${message} (a file is named with its folder: ./${given})`)
  }
  return { given, definition: usageOf(() => readWorkload(given)) }
}

/** The operations of a trace. Throws `UsageError` if the file is not a trace. */
export function chooseTrace(path: string): ChosenWorkload {
  if (!existsSync(path)) throw new UsageError(`--trace: there is no ${path}`)
  return { given: path, definition: usageOf(() => traceDefinition(path)) }
}

function readWorkload(path: string): WorkloadDefinition {
  const read = (from: string) => {
    try {
      return decodeText(readFileSync(from))
    } catch (cause) {
      if (isLsmError(cause))
        throw new UsageError(`--workload: ${from}: ${cause.message}`, { cause })
      const { code = '' } = cause as NodeJS.ErrnoException
      throw new UsageError(`--workload: cannot read ${from} (${code})`, { cause })
    }
  }
  return workloadFromText({
    path,
    text: read(path),
    readSibling: (name) => read(resolve(dirname(path), name)),
  })
}
