import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { BROKEN } from './broken/catalog.ts'
import { RULES } from './catalog.ts'
import { conform } from './conform.ts'
import { type History, histories, interleaved, ownHistories } from './history.ts'
import { printFinding } from './report.ts'
import { COSTLY, forAll } from './rule.ts'
import { loadSubject, type Subject } from './subject.ts'

const SEED = 20_261_121
/** That of `conformance.deep.test.ts`. */
const DEEP_EFFORT = { seed: 20_261_122, runs: 15 }
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

test('a strategy that is too slow is asked no other rule', async () => {
  const verdicts = [...conform(await loadSubject(broken('dawdles')), { seed: SEED, runs: 5 })]
  expect(verdicts.map(({ rule, finding }) => [rule.name, finding?.message])).toEqual([
    ['params', undefined],
    ['quick', expect.stringMatching(/^too slow: pick takes \d+ ms on 1 tables$/)],
  ])
})

test('a rule ends within its budget, and tells how far it came', async () => {
  const subject = await loadSubject('tiering')
  const slowly = forAll(ownHistories, ({ meter }) => {
    meter.ms += 4_000
    meter.answers += 10
  })
  expect(slowly(subject, { seed: SEED, runs: 20 })).toMatchObject({
    tooSlow: true,
    message: expect.stringMatching(/^too slow: 3 of 20 histories took 12\.0 s and 30 answers/),
  })
})

describe('a finding', () => {
  test('names the field in which a pick differs from another of the same text', async () => {
    const [text] = findings(await loadSubject(broken('moody-soft-cuts')), 20, 'no-memory')
    expect(text).toContain('because runs ≥ 4, with other outputs.0.softCuts.endsFrom.0\n')
  })

  test('is shrunk, and shows tree, pick and steps', async () => {
    const [text] = findings(await loadSubject(broken('newest-run-down')), 20, 'recency')
    // Two flushes of one key are the smallest history that breaks recency.
    expect(text).toMatch(/^recency: key \d+: seq 2 in run 2 of level 1 lies under seq 1|^recency: /)
    expect(text).toContain('tree:\n  L0\n    R2: ')
    expect(text).toContain('pick:\n  move L0 R2 -> L1 new because runs ≥ 4')
    expect(text!.match(/flush puts/g)).toHaveLength(2)
  })

  test('names the schedule of the jobs, which replays it', () => {
    const counterexample: History = { inherited: null, steps: [], schedule: 'seeded(7)' }
    const finding = { message: 'a key is lost', scene: {}, counterexample, tooSlow: false }
    expect(printFinding(finding)).toContain('after:\n  with jobs that run as seeded(7):')
  })

  test('is the same for the same seed', async () => {
    const subject = await loadSubject(broken('ignores-jobs'))
    const [first, second] = [1, 2].map(() => findings(subject, 20, 'safe-beside-jobs'))
    expect(first).toEqual(second)
    expect(first![0]).toContain('running:\n  merge L0')
  })
})

test('the engine runs under both kinds of executor, also in the fewest histories', async () => {
  const subject = await loadSubject('tiering')
  for (const effort of [DEEP_EFFORT, { seed: 42, runs: 50 }]) {
    const seen = new Set<string>()
    const look = (_: Subject, { schedule }: History) => seen.add(schedule!.replace(/\d+/, 'n'))
    expect(forAll(interleaved(histories), look, COSTLY)(subject, effort)).toBeNull()
    expect([...seen].sort()).toEqual(['inline', 'seeded(n)'])
  }
})

describe('keeps every rule', () => {
  test.each([...STRATEGIES.keys()])('%s', async (name) => {
    expect(findings(await loadSubject(name), 5)).toEqual([])
  })

  test('the example of the README', async () => {
    expect(findings(await loadSubject(example), 5)).toEqual([])
  })
})
