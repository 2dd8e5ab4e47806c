import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { BROKEN } from './broken/catalog.ts'
import { RULES } from './catalog.ts'
import { conform } from './conform.ts'
import { printFinding } from './report.ts'
import { loadSubject, type Subject } from './subject.ts'

const SEED = 20_261_121
const broken = (name: string) => join(import.meta.dirname, 'broken', `${name}.ts`)
const example = join(import.meta.dirname, '..', 'examples', 'size-tiered.ts')

/** What is wrong with a subject, as its user reads it. */
function findings(subject: Subject, runs: number, rule?: string): readonly string[] {
  const rules = RULES.filter(({ name }) => rule === undefined || name === rule)
  return [...conform(subject, { seed: SEED, runs }, rules)].flatMap(
    ({ rule: { name }, finding }) =>
      finding === null ? [] : [`${name}: ${printFinding(finding)}`],
  )
}

test('every rule has a strategy that breaks it', () => {
  expect(Object.keys(BROKEN)).toEqual(RULES.map(({ name }) => name))
  expect(Object.values(BROKEN).every((names) => names.length > 0)).toBe(true)
})

describe.each(Object.entries(BROKEN))('the rule %s', (rule, names) => {
  test.each(names)('catches %s', async (name) => {
    expect(findings(await loadSubject(broken(name)), 20, rule)).toHaveLength(1)
  })
})

describe('a finding', () => {
  test('is shrunk, and shows tree, pick and steps', async () => {
    const [text] = findings(await loadSubject(broken('newest-run-down')), 20, 'recency')
    // Two flushes of one key are the smallest history that breaks recency.
    expect(text).toMatch(/^recency: key \d+: seq 2 in run 2 of level 1 lies under seq 1|^recency: /)
    expect(text).toContain('tree:\n  L0\n    R2: ')
    expect(text).toContain('pick:\n  move L0 R2 -> L1 new because runs ≥ 4')
    expect(text!.match(/flush puts/g)).toHaveLength(2)
  })

  test('is the same for the same seed', async () => {
    const subject = await loadSubject(broken('ignores-jobs'))
    const [first, second] = [1, 2].map(() => findings(subject, 20, 'safe-beside-jobs'))
    expect(first).toEqual(second)
    expect(first![0]).toContain('running:\n  merge L0')
  })
})

describe('keeps every rule', () => {
  test.each([...STRATEGIES.keys()])('%s', async (name) => {
    expect(findings(await loadSubject(name), 5)).toEqual([])
  })

  test('the example of the README', async () => {
    expect(findings(await loadSubject(example), 5)).toEqual([])
  })
})
