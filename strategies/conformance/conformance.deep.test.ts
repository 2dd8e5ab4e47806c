import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { BROKEN_SLOWLY } from './broken/catalog.ts'
import { RULES } from './catalog.ts'
import { conform } from './conform.ts'
import { printFinding } from './report.ts'
import { loadSubject, type Subject } from './subject.ts'

const SEED = 20_261_122

function findings(subject: Subject, rules = RULES): readonly string[] {
  return [...conform(subject, { seed: SEED, runs: 15 }, rules)].flatMap(({ rule, finding }) =>
    finding === null ? [] : [`${rule.name}: ${printFinding(finding)}`],
  )
}

const example = join(import.meta.dirname, '..', 'examples', 'size-tiered.ts')

/** Each strategy: its defaults, the smallest size ratio, and times to live short enough to pass. */
const subjects = [...STRATEGIES.values()].flatMap(({ name, params: { shape } }) => {
  const smallest = { T: 2, ...('K' in shape && { K: 1 }) }
  const variants = [
    {},
    ...('T' in shape ? [smallest] : []),
    ...('ttl' in shape ? [{ ttl: 7200 }] : []),
  ]
  return variants.map((params) => [name, params] as const)
})

describe('keeps every rule over many histories', () => {
  test.each([...subjects, [example, {}] as const])('%s %j', async (name, params) => {
    expect(findings(await loadSubject(name, () => params))).toEqual([])
  })
})

describe.each(Object.entries(BROKEN_SLOWLY))('the rule %s', (rule, names) => {
  test.each(names)('finds %s too slow', async (name) => {
    const subject = await loadSubject(join(import.meta.dirname, 'broken', `${name}.ts`))
    const [text, ...more] = findings(
      subject,
      RULES.filter(({ name: one }) => one === rule),
    )
    expect(text).toMatch(/: too slow: /)
    expect(more).toEqual([])
  })
})
