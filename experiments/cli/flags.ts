/**
 * Owns what a flag is, and which flags a verb takes, from the one table in `flag-table.ts`. The
 * parser, the help, the completion, the hint at the nearest name and the schema of config files all
 * read flags here.
 */
import { FLAG_TABLE, type FlagGroup } from './flag-table.ts'
import type { NameSource } from './names.ts'

export type VerbName =
  | ('exp' | 'compare' | 'explain' | 'timeline' | 'report' | 'chart' | 'tidy' | 'gallery')
  | ('tune' | 'conform' | 'completion' | 'complete')
  | `trace ${'generate' | 'record' | 'import' | 'export' | 'stats'}`
  | `db ${'verify' | 'dump' | 'export'}`

/** How a value is read and completed. A list is separated by commas. */
export type FlagKind =
  | ('switch' | 'text' | 'file' | 'folder' | 'choice' | 'list')
  | ('count' | 'bytes' | 'number' | 'rate' | 'assignments')

/** What is the same for every verb that takes the flag, unless it says otherwise. */
export interface FlagSpec {
  readonly kind: FlagKind
  /** What stands for the value in the help; null: a switch. */
  readonly value: string | null
  readonly help: string
  /** As typed; null where there is none. */
  readonly default: string | null
  /** The names that the value may have, or where they are found; null: it is no name. */
  readonly names: readonly string[] | NameSource | null
  /** Of a count, a size or a number. */
  readonly range: readonly [min: number, max: number]
  /** May be given several times. */
  readonly multiple: boolean
  /** May stand without its value. */
  readonly valueOptional: boolean
  /** Steers the command itself, so it has no place in a config file. */
  readonly commandLineOnly: boolean
}

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
