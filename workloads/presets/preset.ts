/**
 * Owns the form of a preset: parameters that make a spec. Nothing a preset does is out of reach of
 * a spec written by hand; a preset only names it, gives its numbers defaults and says whose they are.
 */

import type { z } from 'zod'
import type { WorkloadSpecInput } from '../spec/spec-schema.ts'

export interface SpecPreset<Params extends z.ZodObject = z.ZodObject> {
  readonly name: string
  readonly family: string
  readonly description: string
  readonly params: Params
  /** Where defaults come from: of one parameter, or of all that are not named. */
  readonly source: string
  readonly sources?: Readonly<Record<string, string>>
  spec(params: z.output<Params>): WorkloadSpecInput
}

/** Keeps the types of the parameters within, and forgets them outside. */
export function definePreset<Params extends z.ZodObject>(preset: SpecPreset<Params>): SpecPreset {
  return preset as unknown as SpecPreset
}
