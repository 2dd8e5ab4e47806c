/**
 * Owns lookups of many keys that overlap their reads. All keys search as far as memory goes:
 * memtables, filters, indexes and cached blocks. Then the blocks that are missing are read at once,
 * and the searches that need them go on.
 *
 *   keys ──▶ search ──▶ found, or nowhere
 *              ▲ │ a block is missing
 *              │ ▼
 *            one round of reads
 *
 * Invariant: each key gets the answer that `Reads.find` would give in the same view. The caller
 * keeps the view pinned.
 */

import { ENTRY_KIND, type SeqNum } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import type { ReadCounters } from '../base/read-counters.ts'
import type { TableReader } from '../table/table-reader.ts'
import { type Run, tableFor } from '../version/run.ts'
import { runsNewestFirst } from '../version/version.ts'
import { requestOf, type ValueRequest } from '../vlog/segment-handles.ts'
import { ValuePointer } from '../vlog/value-pointer.ts'
import type { ReadView } from './read-view.ts'
import type { TableHandles } from './table-handles.ts'
import type { ValueReader } from './values/value-reader.ts'

export interface GetManyParts {
  readonly handles: TableHandles
  readonly values: ValueReader
  readonly counters: ReadCounters
  /** Throws `LSM_CLOSED` after a close. */
  readonly assertOpen: () => void
}

/** So many keys are searched together, so that a large batch does not fill the memory. */
const TOGETHER_MAX = 256

/** The search for one key. */
interface Search {
  readonly key: Uint8Array
  /** The run at which it goes on. */
  run: number
  /** The table and the number of the block that it waits for. */
  reader: TableReader | null
  blockIndex: number
  /** That block, once it was read. */
  block: Uint8Array | null
  /** The answer; `request` if it is in the value log. */
  value: Uint8Array | undefined
  request: ValueRequest | null
}

/** The values of `keys` at `seq`, in their order. The keys must not change meanwhile. */
export async function getMany(
  parts: GetManyParts,
  view: ReadView,
  keys: readonly Uint8Array[],
  seq: SeqNum,
): Promise<(Uint8Array | undefined)[]> {
  const answers: (Uint8Array | undefined)[] = []
  const searcher = new Searcher(parts, view, seq)
  for (let start = 0; start < keys.length; start += TOGETHER_MAX) {
    const searches = keys.slice(start, start + TOGETHER_MAX).map(newSearch)
    await searcher.finish(searches)
    for (const { request, value } of searches) answers.push(request?.value ?? value)
  }
  return answers
}

function newSearch(key: Uint8Array): Search {
  return {
    key,
    run: 0,
    reader: null,
    blockIndex: 0,
    block: null,
    value: undefined,
    request: null,
  }
}

class Searcher {
  readonly #parts: GetManyParts
  readonly #view: ReadView
  readonly #seq: SeqNum
  readonly #runs: readonly { readonly level: number; readonly run: Run }[]
  readonly #lookup = new Lookup()
  readonly #pointer = new ValuePointer()

  constructor(parts: GetManyParts, view: ReadView, seq: SeqNum) {
    this.#parts = parts
    this.#view = view
    this.#seq = seq
    this.#runs = runsNewestFirst(view.version)
  }

  async finish(searches: readonly Search[]): Promise<void> {
    const { values, assertOpen } = this.#parts
    assertOpen()
    let open = searches.filter((search) => !this.#searchMemTables(search))
    for (;;) {
      open = open.filter((search) => !this.#searchRuns(search))
      if (open.length === 0) break
      await this.#readBlocks(open)
      assertOpen()
    }
    const requests = searches.flatMap(({ request }) => (request === null ? [] : [request]))
    if (requests.length > 0) await values.resolveMany(requests)
  }

  /** Whether the search is over. */
  #searchMemTables(search: Search): boolean {
    for (const memtable of this.#view.memtables) {
      this.#parts.counters.memtablesProbed++
      if (memtable.get(search.key, this.#seq, this.#lookup)) {
        this.#answer(search)
        return true
      }
    }
    return false
  }

  /** Goes on until the search is over (true) or a block is missing (false). */
  #searchRuns(search: Search): boolean {
    for (; search.run < this.#runs.length; search.run++) {
      if (search.reader === null && !this.#locate(search)) continue
      const { reader, blockIndex } = search
      const { counters } = this.#parts
      if (search.block === null && reader!.hasBlock(blockIndex)) {
        search.block = reader!.cachedBlock(blockIndex, counters) ?? null
        if (search.block === null) return false
      }
      const { key, block } = search
      search.reader = null
      search.block = null
      if (!reader!.search(block, blockIndex, key, this.#seq, this.#lookup, counters)) continue
      this.#answer(search)
      return true
    }
    return true
  }

  /** Sets the table and block where the current run may hold the key. */
  #locate(search: Search): boolean {
    const { handles, counters } = this.#parts
    const { level, run } = this.#runs[search.run]!
    const table = tableFor(run, search.key)
    if (table === undefined) return false
    const handle = handles.get(table, level)
    counters.runsProbed++
    handle.reads++
    const { reader } = handle
    const { key } = search
    const blockIndex = reader.locate(key, this.#seq, counters)
    if (blockIndex < 0) {
      // A deletion of a range with the key ends the search.
      const isDeleted = reader.rangeDeletions?.answer(key, this.#seq, this.#lookup, false)
      if (isDeleted === true) search.run = this.#runs.length
      return false
    }
    search.reader = reader
    search.blockIndex = blockIndex
    return true
  }

  /** Reads the block of each search; one that several searches wait for is read once. */
  async #readBlocks(searches: readonly Search[]): Promise<void> {
    const { counters } = this.#parts
    const byBlock = Map.groupBy(searches, ({ reader, blockIndex }) => `${reader!.id}/${blockIndex}`)
    const read = async (waiting: readonly Search[]) => {
      const { reader, blockIndex } = waiting[0]!
      const block = await reader!.readBlockAsync(blockIndex, counters)
      for (const search of waiting) search.block = block
      counters.blocksFromCache += waiting.length - 1
    }
    await Promise.all(Array.from(byBlock.values(), read))
  }

  /** The lookup has the newest version of the key; a deletion leaves the value undefined. */
  #answer(search: Search): void {
    const { kind, valueBytes, valueStart, valueLength } = this.#lookup
    if (kind === ENTRY_KIND.deletion) return
    if (kind === ENTRY_KIND.blobIndex) {
      const pointer = this.#pointer.decode(valueBytes, valueStart, valueLength, 'pointer')
      search.request = requestOf(pointer, search.key)
      return
    }
    search.value = foundValue(this.#lookup)
  }
}

/** The value that a lookup found: a view of a block, or a copy from an arena, which is reused. */
export function foundValue({ valueBytes, valueStart, valueLength }: Lookup): Uint8Array {
  const view = valueBytes.subarray(valueStart, valueStart + valueLength)
  return view.buffer instanceof SharedArrayBuffer ? Uint8Array.from(view) : view
}
