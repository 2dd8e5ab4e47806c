/** Tests the schema from a reader's view: a round trip, and one clear line for every fault. */

import { expect, test } from 'vitest'
import { isLsmError } from '../engine/base/errors.ts'
import { parseResult } from './parse-result.ts'
import type { RunResult } from './schema.ts'
import { expectGolden } from './testing/golden.ts'
import { sampleResult } from './testing/sample-result.ts'
import { SCHEMA_PATH, schemaText } from './write-schema.ts'

const path = 'out/tiering.json'

test.each([{ longScans: true }, { openLoop: 'steady' }, { openLoop: 'overloaded' }] as const)(
  'a result survives JSON unchanged: %o',
  (options) => {
    const result = sampleResult(options)
    expect(parseResult(JSON.stringify(result), path)).toEqual(result)
  },
)

test('a result saved by an editor with a byte order mark is read', () => {
  const result = sampleResult()
  expect(parseResult(`\ufeff${JSON.stringify(result)}`, path)).toEqual(result)
})

test('a result written before a field was added has null there', () => {
  const old = JSON.parse(JSON.stringify(sampleResult()))
  for (const [object, name] of [
    [old.config, 'arrival'],
    [old.deterministic, 'oracle'],
    [old.deterministic.series[0], 'waWindow'],
    [old.timed, 'intendedLatencyByKind'],
  ]) {
    delete object[name]
  }
  const { config, deterministic, timed } = parseResult(old, path)
  expect(config.arrival).toBeNull()
  expect(deterministic.oracle).toBeNull()
  expect(deterministic.series[0]!.waWindow).toBeNull()
  expect(timed.intendedLatencyByKind).toBeNull()
})

test('the checked-in JSON Schema is current', () => {
  expectGolden(SCHEMA_PATH, schemaText(), 'npm run schema')
})

test.each([
  {
    what: 'a future version',
    change: (json) => ({ ...json, schemaVersion: 2 }),
    line: 'out/tiering.json: schemaVersion: version 2 is newer than the 1 this build reads',
  },
  {
    what: 'a missing field',
    change: (json) => {
      const { records: _, ...config } = json.config
      return { ...json, config }
    },
    line: 'out/tiering.json: config.records: Invalid input: expected number, received undefined',
  },
  {
    what: 'a wrong item deep in a list',
    change: (json) => ({ ...json, gates: [{ ...json.gates[0], passed: 'yes' }] }),
    line: 'out/tiering.json: gates[0].passed: Invalid input: expected boolean, received string',
  },
  {
    what: 'an unknown name',
    change: (json) => ({ ...json, envirnment: 1 }),
    line: 'out/tiering.json: envirnment: Unrecognized key: "envirnment"',
  },
  {
    what: 'a wrong balance',
    change: (json) => withBalance(json, { liveBytes: 501 }),
    line: 'out/tiering.json: deterministic.ledger.balance.conserved: expected what the balance says',
  },
  {
    what: 'a percentile that the sample does not support',
    change: (json) => withLatency(json, { count: 9_999 }),
    line: 'out/tiering.json: timed.latencyByKind.read.p999Us: expected null under 10000 samples',
  },
  {
    what: 'a latency under overload',
    change: () => {
      const json = sampleResult({ openLoop: 'overloaded' })
      const { latencyByKind } = sampleResult().timed
      return { ...json, timed: { ...json.timed, latencyByKind } }
    },
    line: 'out/tiering.json: timed.latencyByKind: expected none of an overloaded run',
  },
  {
    what: 'no object',
    change: () => [],
    line: 'out/tiering.json: (document): Invalid input: expected object, received array',
  },
] as const satisfies readonly Case[])('$what gets one line: $line', ({ change, line }) => {
  expect(messageOf(change(sampleResult()))).toBe(line)
})

test('several faults give one line with their number', () => {
  expect(messageOf({ schemaVersion: 1 })).toMatch(/^out\/tiering.json: id: .* \(and \d+ more\)$/)
})

test('text that is not JSON gets one line', () => {
  expect(messageOf('{ "id": \n')).toMatch(/^out\/tiering.json: \(document\): not JSON: .+$/)
})

interface Case {
  readonly what: string
  readonly change: (json: RunResult) => unknown
  readonly line: string
}

/** The message of the refusal. Also checks that it is the documented error. */
function messageOf(json: unknown): string {
  try {
    parseResult(json, path)
  } catch (error) {
    if (!isLsmError(error, 'LSM_INVALID_ARGUMENT')) throw error
    expect(error.message).not.toContain('\n')
    expect(error.data.path).toBe(path)
    return error.message
  }
  throw new Error('the result was accepted')
}

function withBalance(
  json: RunResult,
  change: Partial<RunResult['deterministic']['ledger']['balance']>,
): unknown {
  const { deterministic } = json
  const balance = { ...deterministic.ledger.balance, ...change }
  return {
    ...json,
    deterministic: { ...deterministic, ledger: { ...deterministic.ledger, balance } },
  }
}

function withLatency(
  json: RunResult,
  change: Partial<RunResult['timed']['latencyByKind'][string]>,
): unknown {
  const read = { ...json.timed.latencyByKind.read, ...change }
  return { ...json, timed: { ...json.timed, latencyByKind: { read } } }
}
