/**
 * Owns the property of `--param` and `--set`: a setting is the written value, of its declared type.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import { engineOptionsSchema } from '../../../engine/index.ts'
import { STRATEGIES } from '../../../strategies/index.ts'
import { WORKLOADS } from '../../../workloads/index.ts'
import { readSettings, type SettingValue } from '../../cli/settings.ts'
import { unlessRefused } from './expectations.ts'
import { anyJson, anyText, isNumber, likelyNumber, numberWritten } from './written.ts'

interface Property {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly items?: Property
  readonly anyOf?: readonly Property[]
}

const OWNERS = [
  { schema: engineOptionsSchema, name: 'engine option' },
  ...[...STRATEGIES.values(), ...WORKLOADS.values()].map(({ params, name }) => ({
    schema: params,
    name,
  })),
].map((owner) => {
  const { properties = {} } = owner.schema.toJSONSchema({ io: 'input', unrepresentable: 'any' })
  // Groups have a separate test.
  const flat = Object.entries(properties as Record<string, Property & { properties?: unknown }>)
  return { ...owner, properties: flat.filter(([, { properties: group }]) => group === undefined) }
})

/** `--param` and `--set`: an accepted value is the written one, of the declared type. */
export function settingsAreAsWritten(runs: number): void {
  const anySetting = fc.constantFrom(...OWNERS).chain(({ properties, ...owner }) =>
    fc.tuple(
      fc.constant(owner),
      fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...properties) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(['constructor', {}], ['toString', {}], ['', {}]),
        },
      ) as fc.Arbitrary<readonly [string, Property]>,
      fc.oneof(anyText, anyJson, likelyNumber) as fc.Arbitrary<SettingValue>,
    ),
  )
  fc.assert(
    fc.property(anySetting, ([{ schema, name: owner }, [name, property], value]) => {
      const given = { [name]: value }
      const read = unlessRefused(() => readSettings(schema, given, owner))
      if (read === null) return
      expect(Object.keys(read)).toEqual([name])
      const same = isSetting(read[name], value, property, name)
      expect({ owner, name, value, read: read[name], same }).toMatchObject({ same: true })
    }),
    { numRuns: runs },
  )
}

function isSetting(read: unknown, value: unknown, property: Property, name: string): boolean {
  const choices = property.anyOf ?? [property]
  if (choices.length > 1 || property.anyOf !== undefined) {
    return choices.some((choice) => isSetting(read, value, choice, name))
  }
  const { type, items } = property
  if (type === 'array') {
    const inner = typeof value === 'string' ? value.trim().replace(/^\[(.*)\]$/s, '$1') : value
    const parts = typeof inner === 'string' ? inner.split(',').map((part) => part.trim()) : inner
    if (!Array.isArray(parts)) return false
    // A list of names may be kept as text, in the form of db_bench.
    if (typeof read === 'string') return read === parts.join(',')
    if (!Array.isArray(read) || read.length !== parts.length) return false
    return read.every((one, at) => isSetting(one, parts[at], items ?? {}, name))
  }
  if (typeof value !== 'string' || typeof read === 'string')
    return Object.is(read, value) || read === value
  if (type === 'boolean' || type === 'null') return String(read) === value
  if (typeof read !== 'number') return false
  const unit = type === 'number' ? 'real' : name.endsWith('Bytes') ? 'bytes' : 'count'
  const written = numberWritten(value, unit)
  return written !== null && isNumber(read, written)
}
