/**
 * Owns the six core workloads of YCSB 0.17.0: what its files `workloads/workloada` … `workloadf`
 * set (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010, table 2). The
 * caller gives the record and operation counts, which are 1000 and 1000 in the files.
 */

import type { CoreProperties } from './core-properties.ts'

export interface Preset {
  readonly file: string
  readonly description: string
  readonly properties: Partial<CoreProperties>
}

export const PRESETS = {
  'ycsb-a': {
    file: 'workloada',
    description: 'update heavy: 50 % read, 50 % update of one field, zipfian',
    properties: mix({ readproportion: 0.5, updateproportion: 0.5 }, 'zipfian'),
  },
  'ycsb-b': {
    file: 'workloadb',
    description: 'read mostly: 95 % read, 5 % update of one field, zipfian',
    properties: mix({ readproportion: 0.95, updateproportion: 0.05 }, 'zipfian'),
  },
  'ycsb-c': {
    file: 'workloadc',
    description: 'read only, zipfian',
    properties: mix({ readproportion: 1 }, 'zipfian'),
  },
  'ycsb-d': {
    file: 'workloadd',
    description: 'read latest: 95 % read, 5 % insert, newest keys most popular',
    properties: mix({ readproportion: 0.95, insertproportion: 0.05 }, 'latest'),
  },
  'ycsb-e': {
    file: 'workloade',
    description: 'short ranges: 95 % scan of 1 … 100 records, 5 % insert, zipfian',
    properties: {
      ...mix({ scanproportion: 0.95, insertproportion: 0.05 }, 'zipfian'),
      maxscanlength: 100,
      scanlengthdistribution: 'uniform',
    },
  },
  'ycsb-f': {
    file: 'workloadf',
    description: 'read-modify-write: 50 % read, 50 % read then update of one field, zipfian',
    properties: mix({ readproportion: 0.5, readmodifywriteproportion: 0.5 }, 'zipfian'),
  },
} as const satisfies Record<string, Preset>

/** The settings of each file: the four proportions, also if 0, and the distribution. */
function mix(
  proportions: Partial<CoreProperties>,
  requestdistribution: CoreProperties['requestdistribution'],
): Partial<CoreProperties> {
  return {
    readallfields: true,
    readproportion: 0,
    updateproportion: 0,
    scanproportion: 0,
    insertproportion: 0,
    ...proportions,
    requestdistribution,
  }
}
