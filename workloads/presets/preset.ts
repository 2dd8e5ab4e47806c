/**
 * Owns the form of a preset: parameters that make a spec. A spec written by hand can do everything
 * that a preset does. A preset adds a name, defaults for the numbers, and the sources of the
 * defaults.
 */

import type { z } from 'zod'
import type { WorkloadSpecInput } from '../spec/spec-schema.ts'

export interface SpecPreset<Params extends z.ZodObject = z.ZodObject> {
  readonly name: string
  readonly family: string
  readonly description: string
  readonly params: Params
  /** The source of the defaults: of one parameter, or of all that `sources` does not name. */
  readonly source: string
  readonly sources?: Readonly<Record<string, string>>
  spec(params: z.output<Params>): WorkloadSpecInput
}

/** Keeps the types of the parameters inside the preset and hides them outside. */
export function definePreset<Params extends z.ZodObject>(preset: SpecPreset<Params>): SpecPreset {
  return preset as unknown as SpecPreset
}
