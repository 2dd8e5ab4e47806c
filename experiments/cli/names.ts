/**
 * Owns the sources of the names that a flag's value may have, each with a line of description. They
 * are loaded only when needed, because most are in catalogues that take a while to load.
 */

import type { z } from 'zod'

type Names = readonly (readonly [name: string, meaning: string])[]

interface Described {
  readonly name: string
  readonly description: string
}

const SOURCES = {
  strategies: async () => described((await import('../../strategies/index.ts')).STRATEGIES),
  workloads: async () => described((await import('../../workloads/index.ts')).WORKLOADS),
  suites: async () => described((await import('../suites/catalog.ts')).SUITES),
  kinds: async () => described((await import('../charts/catalog.ts')).chartKinds),
  metrics: async () => {
    const { METRICS } = await import('../compare/metrics.ts')
    return METRICS.map(({ flag, name }) => [flag, name] as const)
  },
  options: async () => {
    const { engineOptionsSchema } = await import('../../engine/index.ts')
    const { deviceSchema } = await import('./device-settings.ts')
    return settingsOf([{ params: engineOptionsSchema }, { params: deviceSchema }])
  },
  parameters: async () => {
    const { STRATEGIES } = await import('../../strategies/index.ts')
    const { WORKLOADS } = await import('../../workloads/index.ts')
    return settingsOf([...STRATEGIES.values(), ...WORKLOADS.values()])
  },
  raced: async () => {
    const { RACED_ENGINES, RACE_BENCHMARKS, RACE_COMPRESSIONS } = await import(
      '../../results/race-schema.ts'
    )
    return [
      ...RACED_ENGINES.map((name) => [name, 'a store'] as const),
      ...Object.entries(RACE_BENCHMARKS).map(([name, [, meaning]]) => [name, meaning] as const),
      ...RACE_COMPRESSIONS.map((name) => [name, 'a compression'] as const),
    ]
  },
  rules: async () => {
    const { RULES } = await import('../../strategies/conformance/catalog.ts')
    return RULES.map(({ name, sentence }) => [name, sentence] as const)
  },
  sections: async () => {
    const { TIDY_SECTIONS } = await import('../export/tidy-rows.ts')
    return TIDY_SECTIONS.map((name) => [name, ''] as const)
  },
  sets: async () => {
    const { GALLERY_SETS } = await import('../charts/gallery.ts')
    return GALLERY_SETS.map(({ name }) => [name, ''] as const)
  },
} as const satisfies Record<string, () => Promise<Names>>

/** Sections that `--list=` shows in full. */
export const LIST_SECTIONS = ['strategies', 'workloads', 'suites', 'options'] as const

export type NameSource = keyof typeof SOURCES | 'listed'

/** `listed` are the names for `--list=`: its sections, and everything in them. */
export async function namesFrom(source: NameSource): Promise<Names> {
  if (source !== 'listed') return SOURCES[source]()
  const sections = LIST_SECTIONS.map((name) => [name, `all ${name} in full`] as const)
  const all = await Promise.all(LIST_SECTIONS.map((name) => SOURCES[name]()))
  return [...sections, ...all.flat()]
}

function described(catalog: ReadonlyMap<string, Described>): Names {
  return Array.from(catalog, ([name, { description }]) => [name, description])
}

/** A name that several owners have appears once. */
async function settingsOf(owners: readonly { readonly params: z.ZodObject }[]): Promise<Names> {
  const { describeSettings } = await import('./settings.ts')
  const all = owners.flatMap(({ params }) => describeSettings(params))
  return [...new Map(all.map(({ name, description }) => [name, description]))]
}
