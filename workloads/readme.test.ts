/** Compares the README with the code: its specs run, and it names every workload. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { WORKLOADS } from './catalog.ts'
import { Operation } from './operation.ts'
import { keySchema, sizeSchema } from './spec/distribution-schema.ts'
import { workloadFromText } from './workload-text.ts'

const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1]!)

test('its files are workloads', () => {
  expect(blocks).toHaveLength(2)
  const context = { records: 500, operations: 300, seed: 42, repeat: 0 }
  for (const text of blocks) {
    const { create } = workloadFromText({ path: './readme.json', text, readSibling: () => '' })
    const operation = new Operation()
    for (const { stream } of create({}, context).phases) {
      let operations = 0
      while (stream.next(operation)) {
        stream.acknowledge(operation)
        operations++
      }
      expect(operations).toBe(stream.expected)
    }
  }
})

test('it names every workload and every distribution', () => {
  const names = [...readme.matchAll(/`([\w-]+)`/g)].map((match) => match[1])
  expect(names).toEqual(expect.arrayContaining([...WORKLOADS.keys()]))
  const sizes = sizeSchema.options[1].options
  const distributions = [...keySchema.options, ...sizes].flatMap((option) => [
    ...option.shape.distribution.values,
  ])
  expect(names).toEqual(expect.arrayContaining(distributions))
})
