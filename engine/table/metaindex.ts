/** Owns the writing of the metaindex block: the handles of the other meta blocks, by name. */

import { ByteWriter } from '../base/coding.ts'
import { PlainBlockBuilder } from './plain-block.ts'
import { appendHandle, type BlockHandle, METAINDEX_NAME } from './table-format.ts'

/** Owned. `filter` and `rangeDeletions` are null if the table has none. */
export function encodeMetaindex(
  filter: BlockHandle | null,
  properties: BlockHandle,
  rangeDeletions: BlockHandle | null,
): Uint8Array {
  const block = new PlainBlockBuilder()
  const name = (handleName: string, handle: BlockHandle) => {
    const value = appendHandle(new ByteWriter(16), handle).view()
    block.add(new TextEncoder().encode(handleName), value)
  }
  if (filter !== null) name(METAINDEX_NAME.filter, filter)
  name(METAINDEX_NAME.properties, properties)
  if (rangeDeletions !== null) name(METAINDEX_NAME.rangeDeletions, rangeDeletions)
  return block.finish()
}
