/** Owns the expectation that the simulator makes the same edits as the engine. */

import { expect } from 'vitest'
import type { Write } from './both-ways.ts'
import { editsAlike, engineSide, type Outcome, type Setup, simulatorSide } from './both-ways.ts'

/** Compares edit by edit: runs, tables, ids, sizes, key ranges, seqs, times and filters. */
export function expectSameEdits(setup: Setup, stream: Iterable<Write>): void {
  const sides = [engineSide(setup), simulatorSide(setup)]
  for (const write of stream) for (const side of sides) side.write(write)
  const [engine, simulator] = sides.map((side) => side.finish()) as [Outcome, Outcome]
  expect(engine.edits.length).toBeGreaterThan(5)
  const alike = editsAlike(engine, simulator)
  // The matcher serves for its report. Over all edits it would take a hundred times as long.
  expect(simulator.edits[alike], `edit ${alike}`).toEqual(engine.edits[alike])
  expect(simulator.edits.length).toBe(engine.edits.length)
  expect(simulator.userBytes).toBe(engine.userBytes)
  expect(simulator.writtenRawBytes).toBe(engine.writtenRawBytes)
  expect(simulator.writtenTableBytes).toBe(engine.writtenTableBytes)
}
