/** Owns the claim that the simulator is the engine without bytes, as an expectation. */

import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { runEngine, runSimulator, type Setup, type Write } from './both-ways.ts'

/** Edit by edit: runs, tables, ids, sizes in bytes, key ranges, seqs, times and filters. */
export function expectSameEdits(setup: Setup, stream: () => Iterable<Write>): void {
  const engine = runEngine(setup, stream())
  const simulator = runSimulator(setup, stream())
  expect(engine.edits.length).toBeGreaterThan(5)
  for (const [index, edit] of engine.edits.entries()) {
    // The matcher is for its report; it takes a hundred times as long.
    if (isDeepStrictEqual(simulator.edits[index], edit)) continue
    expect(simulator.edits[index], `edit ${index}`).toEqual(edit)
  }
  expect(simulator.edits.length).toBe(engine.edits.length)
  expect(simulator.userBytes).toBe(engine.userBytes)
  expect(simulator.writtenRawBytes).toBe(engine.writtenRawBytes)
}
