import { expect, test } from 'vitest'
import { shapeVector } from '../../engine/version/version.ts'
import { emptyTree, load } from '../testing/stepper.ts'
import sizeTiered from './size-tiered.ts'

test('four flushes become one run, four of those one again', () => {
  const strategy = sizeTiered.create()
  let tree = emptyTree(strategy, { memtableBytes: 4, entryBytes: 1 })
  const shapes: string[] = []
  for (let buffer = 0; buffer < 16; buffer++) {
    tree = load(tree, strategy, [buffer, 16 + buffer, 32 + buffer, 48 + buffer]).tree
    shapes.push(shapeVector(tree.version).join())
  }
  expect(shapes.join(' ')).toBe('1 2 3 1 2 3 4 2 3 4 5 3 4 5 6 1')
  // Each buffer: once as a flush, once in a run of four, once in the run of sixteen.
  expect(tree.writtenBytes / 4).toBe(16 * 3)
})
