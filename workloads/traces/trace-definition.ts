/**
 * Owns a trace as a workload that a run can name. Its parameters are those it was recorded with and
 * its digest, so the trace's content determines a run's identity, not the file's name. The user
 * cannot set parameters.
 */

import { basename } from 'node:path'
import { z } from 'zod'
import type { Json } from '../../engine/base/json.ts'
import { parseParams, type WorkloadDefinition } from '../definition.ts'
import { openTrace, traceWorkload } from './trace-reader.ts'

const NO_PARAMS = z.strictObject({})

/** Throws the errors of `openTrace`. */
export function traceDefinition(path: string): WorkloadDefinition {
  const trace = openTrace(path)
  const { header, footer } = trace
  const [load, ...phases] = footer.phases
  const { fieldlengthdistribution } = footer.properties
  const params: Readonly<Record<string, Json>> = {
    // Set for an imported text: a reader that stores no fields must know that their lengths vary.
    ...(fieldlengthdistribution !== undefined && { fieldlengthdistribution }),
    ...header.params,
    workload: header.workload,
    traceDigest: footer.digest,
  }
  return {
    name: `trace-${basename(path).replace(/\.[^.]*$/, '')}`,
    family: 'trace',
    description: `the operations of ${path}`,
    params: NO_PARAMS,
    sources: {},
    size: header.size ?? {
      records: load?.operations ?? 0,
      operations: phases.reduce((sum, { operations }) => sum + operations, 0),
    },
    parse(given) {
      parseParams(path, NO_PARAMS, given)
      return params
    },
    loadOrder: () => String(header.params.insertorder ?? 'as recorded'),
    compressionTarget: () => null,
    create: () => traceWorkload(trace),
  }
}
