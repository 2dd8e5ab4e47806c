import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { conform } from './conform.ts'
import { printFinding } from './report.ts'
import { loadSubject, type Subject } from './subject.ts'

const SEED = 20_261_122

function findings(subject: Subject): readonly string[] {
  return [...conform(subject, { seed: SEED, runs: 15 })].flatMap(({ rule, finding }) =>
    finding === null ? [] : [`${rule.name}: ${printFinding(finding)}`],
  )
}

const example = join(import.meta.dirname, '..', 'examples', 'size-tiered.ts')

/** Each under its defaults and, where it has one, at the smallest size ratio. */
const subjects = [...STRATEGIES.values()].flatMap(({ name, params }) => {
  const small = { T: '2', ...('K' in params.shape && { K: '1' }) }
  return [[name, {}] as const, ...('T' in params.shape ? [[name, small] as const] : [])]
})

describe('keeps every rule over many histories', () => {
  test.each([...subjects, [example, {}] as const])('%s %j', async (name, texts) => {
    expect(findings(await loadSubject(name, texts))).toEqual([])
  })
})
