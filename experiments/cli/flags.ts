/**
 * Owns the flags of each verb, from the one table in `flag-table.ts`. The parser, the help, the
 * completion, the hint at the nearest name and the schema of config files all read flags here.
 */
import { FLAG_TABLE, type FlagGroup, type FlagSpec, type VerbName } from './flag-table.ts'

export type { FlagSpec, VerbName } from './flag-table.ts'

export type FlagSpecs = ReadonlyMap<string, FlagSpec>

/** Every name of the table. */
export type FlagName = { [G in FlagGroup]: keyof (typeof FLAG_TABLE)[G] }[FlagGroup]

/** The flags of `verb` under the headings of its help. */
export function flagGroups(verb: VerbName): ReadonlyMap<string, FlagSpecs> {
  const groups = Object.entries(FLAG_TABLE).map(([heading, rows]) => {
    const taken = Object.entries(rows).flatMap(([name, { verbs, but = {}, ...spec }]) =>
      verbs === 'all' || verbs.includes(verb) ? [[name, { ...spec, ...but[verb] }] as const] : [],
    )
    return [heading, new Map(taken)] as const
  })
  return new Map(groups.filter(([, { size }]) => size > 0))
}

/** The flags of `verb` by name. */
export function flagsOf(verb: VerbName): FlagSpecs {
  return new Map([...flagGroups(verb).values()].flatMap((specs) => [...specs]))
}
