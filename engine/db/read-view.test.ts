import { describe, expect, test } from 'vitest'
import { ArenaPool } from '../memtable/arena-pool.ts'
import { MemTable } from '../memtable/memtable.ts'
import { EMPTY_VERSION } from '../version/version.ts'
import { PinBoard, type ReadView } from './read-view.ts'

const viewOf = (generation: number, memtables: readonly MemTable[] = []): ReadView => ({
  version: EMPTY_VERSION,
  memtables,
  generation,
})

/** A board that holds `snapshots`, and what it removed. */
function board(snapshots: number[] = []) {
  const removed: string[] = []
  const pins = new PinBoard(() => snapshots)
  return { pins, removed, snapshots }
}

/** Brought by edit 5, taken out by edit 9. */
const table = { fromGeneration: 5, untilGeneration: 9, afterSeq: -1, beforeSeq: Infinity }
/** Opened when 100 was the newest number; its last live value was written again at 200. */
const spent = { fromGeneration: 0, untilGeneration: Infinity, afterSeq: 100, beforeSeq: 200 }
/** The same segment, out of the version since edit 9. */
const segment = { ...spent, untilGeneration: 9, beforeSeq: Infinity }

describe('a file to be removed', () => {
  test.each([
    ['a table', table, 'a view before it', 4, 150, false],
    ['a table', table, 'the first view with it', 5, 150, true],
    ['a table', table, 'the last view with it', 8, 150, true],
    ['a table', table, 'a view after it', 9, 150, false],
    ['a removed segment', segment, 'a moment before it', 8, 100, false],
    ['a removed segment', segment, 'the first moment with it', 8, 101, true],
    ['a removed segment', segment, 'a view after it', 9, 101, false],
    ['a spent segment', spent, 'a moment before it', 7, 100, false],
    ['a spent segment', spent, 'its first moment', 7, 101, true],
    ['a spent segment', spent, 'the moment before the last new value', 7, 199, true],
    ['a spent segment', spent, 'the moment of the last new value', 7, 200, false],
  ])('%s: %s is held by %s: %#', (name, reach, _, generation, seq, isHeld) => {
    const { pins, removed } = board()
    const unpin = pins.pin(viewOf(generation), seq)
    pins.doom(() => removed.push(name), reach)
    pins.sweep()
    expect(removed).toEqual(isHeld ? [] : [name])
    unpin()
    expect(removed, 'once').toEqual([name])
    pins.sweep()
    unpin()
    expect(removed, 'once').toEqual([name])
  })

  test.each([
    ['before its first moment', 7, 100, true],
    ['right before the last new value', 7, 199, true],
    ['the last new value', 7, 200, false],
  ])('a spent segment is held by reads from %s on: %#', (_, generation, seq, isHeld) => {
    const { pins, removed } = board()
    const unpin = pins.pinFrom(viewOf(generation), seq)
    pins.doom(() => removed.push('segment'), spent)
    pins.sweep()
    expect(removed).toEqual(isHeld ? [] : ['segment'])
    unpin()
    expect(removed).toEqual(['segment'])
  })

  test.each([
    ['a table', table, 150, false],
    ['a removed segment', segment, 150, false],
    ['a spent segment, before it', spent, 100, false],
    ['a spent segment, with it', spent, 101, true],
    ['a spent segment, right before the last new value', spent, 199, true],
    ['a spent segment, at the last new value', spent, 200, false],
  ])(
    'is kept for a snapshot if its views would follow old pointers: %s',
    (_, reach, seq, isHeld) => {
      const { pins, removed, snapshots } = board([1, seq, 999])
      pins.doom(() => removed.push('file'), reach)
      pins.sweep()
      expect(removed).toEqual(isHeld ? [] : ['file'])
      snapshots.length = 0
      pins.sweep()
      expect(removed).toEqual(['file'])
    },
  )

  test('is removed while others are kept, and after the last of its own views', () => {
    const { pins, removed } = board()
    const unpins = [4, 6, 7, 9].map((generation) => pins.pin(viewOf(generation), 150))
    pins.doom(() => removed.push('held by two'), table)
    pins.doom(() => removed.push('held by none'), { ...table, fromGeneration: 8 })
    pins.sweep()
    expect(removed).toEqual(['held by none'])
    unpins[1]!()
    expect(removed).toEqual(['held by none'])
    unpins[2]!()
    expect(removed).toEqual(['held by none', 'held by two'])
  })

  test('is not removed after the board is closed', () => {
    const { pins, removed } = board()
    const unpin = pins.pin(viewOf(6), 150)
    pins.doom(() => removed.push('file'), table)
    pins.close()
    unpin()
    expect(removed).toEqual([])
  })
})

test('a memtable of a pinned view keeps its arena until the last view is released', () => {
  const arenas = new ArenaPool()
  const made = () => new MemTable({ capacityBytes: 1000, seed: 1, arenas })
  const memtable = made()
  const { arena } = memtable.share()
  const { pins } = board()
  const unpins = [3, 4].map((generation) => pins.pin(viewOf(generation, [memtable]), 1))
  // It was flushed.
  memtable.release()
  expect(made().share().arena).not.toBe(arena)
  unpins[0]!()
  unpins[0]!()
  expect(made().share().arena).not.toBe(arena)
  unpins[1]!()
  expect(made().share().arena).toBe(arena)
})
