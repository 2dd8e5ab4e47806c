/**
 * Owns the text form of a spec, for stories, reports of the kit and tests:
 *
 *   merge L0 R5, L0 R4, L1 R1 (tables 3, 4) -> L1 R1 because runs(0) ≥ l0Trigger
 *   move L0 R1 -> L1 new because runs(0) ≥ 1
 */

import type { CompactionSpec, InputSlice, OutputPlace } from '../../engine/compaction/strategy.ts'
import { placesOf } from './specs.ts'

export function printSpec(spec: CompactionSpec | null): string {
  if (spec === null) return 'nothing'
  const inputs = spec.inputs.map(printSlice).join(', ')
  const places = placesOf(spec).map(printPlace).join(', ')
  return `${spec.kind} ${inputs} -> ${places || 'nowhere'} because ${spec.reason.formula}`
}

function printSlice({ level, run, tables }: InputSlice): string {
  const part = tables === 'all' ? '' : ` (tables ${tables.map(({ id }) => id).join(', ')})`
  return `L${level} R${run}${part}`
}

function printPlace(place: OutputPlace): string {
  if ('run' in place) return `L${place.level} R${place.run}`
  return `L${place.level} new${place.after === null ? '' : ` after R${place.after}`}`
}
