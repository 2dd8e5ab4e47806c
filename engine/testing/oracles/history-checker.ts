/**
 * Owns the check of a history of transactions for anomalies, after Elle (Kingsbury and Alvaro 2020)
 * and Adya's definitions (1999). Each key holds a list, and each write appends an element that no
 * other write appends. So the list in a read tells which writes it follows, and the final lists
 * tell the order of all writes.
 *
 * From that come dependencies between committed transactions: `ww` (the next element of a list),
 * `wr` (read what the other appended) and `rw` (the other appended right behind what was read). A
 * history is serializable if they have no cycle. Two rw edges in succession are all that a snapshot
 * allows in a cycle (Fekete 2005). A scan reads each key of its range, also those without an entry:
 * an rw edge from such a read is a phantom.
 */

export interface RecordedRead {
  readonly kind: 'read'
  readonly key: string
  /** Empty if the key had no value. */
  readonly elements: readonly string[]
  /** Whether a scan went over the key without finding it. */
  readonly isMissed: boolean
}

export interface RecordedAppend {
  readonly kind: 'append'
  readonly key: string
  /** Unique in the history. */
  readonly element: string
  /** The index of the operation before which a rollback took the write back, or null. */
  undoneAt: number | null
}

export interface RecordedTransaction {
  readonly name: string
  readonly operations: (RecordedRead | RecordedAppend)[]
  isCommitted: boolean
}

export interface History {
  readonly transactions: readonly RecordedTransaction[]
  /** The list of each key when all transactions had ended. */
  readonly final: ReadonlyMap<string, readonly string[]>
}

/** Adya's names; the first four are not about cycles. */
export const ANOMALIES = [
  /** Lists contradict each other: the writes of a key have no one order. */
  'incompatible-order',
  /** A committed write is in no list. */
  'lost-update',
  /** A read of what was rolled back, or of what never committed. */
  'G1a',
  /** A read of what its writer wrote over later. */
  'G1b',
  /** A cycle of ww edges. */
  'G0',
  /** A cycle of ww and wr edges. */
  'G1c',
  /** A cycle with one rw edge. */
  'G-single',
  /** A cycle without two rw edges in succession. */
  'G-nonadjacent',
  /** Any other cycle; with rw edges from values that were read (write skew), … */
  'G2-item',
  /** … or from phantoms. */
  'G2',
] as const

export interface Anomaly {
  readonly name: (typeof ANOMALIES)[number]
  /** The transactions of a cycle in their order, or what was found. */
  readonly found: string
}

interface Edge {
  readonly kind: 'ww' | 'wr' | 'rw'
  readonly to: number
  /** Whether a scan missed the key that was written. */
  readonly isPhantom: boolean
}

interface Writer {
  readonly transaction: number
  readonly write: RecordedAppend
  /** Whether the transaction appended to the key again. */
  readonly isIntermediate: boolean
}

/** All anomalies of the history, one of each kind of cycle. */
export function checkHistory({ transactions, final }: History): readonly Anomaly[] {
  const anomalies: Anomaly[] = []
  const report = (name: Anomaly['name'], found: string) => anomalies.push({ name, found })
  const writers = writersOf(transactions)
  for (const [element, { transaction, write }] of writers) {
    const { name, isCommitted } = transactions[transaction]!
    const isThere = final.get(write.key)?.includes(element) ?? false
    const isWritten = isCommitted && write.undoneAt === null
    if (isWritten && !isThere) report('lost-update', `${element} of ${name} in ${write.key}`)
    if (!isWritten && isThere) report('G1a', `${element} of ${name} is in the final ${write.key}`)
  }
  const edges = transactions.map((): Edge[] => [])
  for (const [key, list] of final) {
    for (let at = 1; at < list.length; at++) {
      const [from, to] = [writers.get(list[at - 1]!), writers.get(list[at]!)]
      if (from === undefined || to === undefined) report('incompatible-order', `${key}: ${list}`)
      else addEdge(edges, from.transaction, { kind: 'ww', to: to.transaction, isPhantom: false })
    }
  }
  for (const [index, transaction] of transactions.entries()) {
    if (!transaction.isCommitted) continue
    for (const [at, read] of transaction.operations.entries()) {
      if (read.kind !== 'read') continue
      const seen = othersElements(read, index, at, writers, report)
      for (const element of seen) {
        const writer = transactions[writers.get(element)?.transaction ?? index]!
        if (!writer.isCommitted)
          report('G1a', `${transaction.name} read ${element} of ${writer.name}`)
      }
      const list = final.get(read.key) ?? []
      if (seen.some((element, place) => list[place] !== element)) {
        const found = `${transaction.name} read ${seen} of ${read.key}, which is ${list}`
        report('incompatible-order', found)
        continue
      }
      const last = writers.get(seen.at(-1) ?? '')
      if (last !== undefined) {
        const { write, isIntermediate } = last
        const found = `${transaction.name} read ${write.element} of ${read.key}`
        if (isIntermediate) report('G1b', found)
        addEdge(edges, last.transaction, { kind: 'wr', to: index, isPhantom: false })
      }
      const next = writers.get(list[seen.length] ?? '')
      if (next === undefined) continue
      addEdge(edges, index, { kind: 'rw', to: next.transaction, isPhantom: read.isMissed })
    }
  }
  reportCycles(edges, (name, cycle) => {
    report(name, cycle.map((index) => transactions[index]!.name).join(' → '))
  })
  return anomalies
}

function writersOf(transactions: readonly RecordedTransaction[]): ReadonlyMap<string, Writer> {
  const writers = new Map<string, Writer>()
  for (const [transaction, { operations }] of transactions.entries()) {
    const written = new Set<string>()
    for (const write of operations.toReversed()) {
      if (write.kind !== 'append') continue
      const isIntermediate = written.has(write.key)
      writers.set(write.element, { transaction, write, isIntermediate })
      if (write.undoneAt === null) written.add(write.key)
    }
  }
  return writers
}

/** The elements of a read without those that its own transaction appended before it. */
function othersElements(
  { key, elements }: RecordedRead,
  transaction: number,
  at: number,
  writers: ReadonlyMap<string, Writer>,
  report: (name: Anomaly['name'], found: string) => void,
): readonly string[] {
  return elements.filter((element) => {
    const writer = writers.get(element)
    if (writer === undefined || writer.write.undoneAt === null) {
      return writer?.transaction !== transaction
    }
    const isOwn = writer.transaction === transaction && at < writer.write.undoneAt
    if (!isOwn) report('G1a', `a read of ${key} shows ${element}, which was rolled back`)
    return false
  })
}

function addEdge(edges: readonly Edge[][], from: number, edge: Edge): void {
  if (from !== edge.to) edges[from]!.push(edge)
}

function reportCycles(
  edges: readonly (readonly Edge[])[],
  report: (name: Anomaly['name'], cycle: readonly number[]) => void,
): void {
  if (cycleIn(edges.length, (node) => edges[node]!.map(({ to }) => to)) === null) return
  const kinds = (wanted: string) => (node: number) =>
    edges[node]!.filter(({ kind }) => wanted.includes(kind)).map(({ to }) => to)
  const ww = cycleIn(edges.length, kinds('ww'))
  if (ww !== null) report('G0', ww)
  const wwWr = cycleIn(edges.length, kinds('ww wr'))
  if (wwWr !== null && ww === null) report('G1c', wwWr)
  const single = cycleThrough(edges, ({ kind }) => kind === 'rw', kinds('ww wr'))
  if (single !== null) report('G-single', single)
  // Node 2n is reached by ww or wr, and 2n + 1 by rw, from where no further rw leads.
  const apart = cycleIn(2 * edges.length, (state) =>
    edges[state >>> 1]!.filter(({ kind }) => kind !== 'rw' || state % 2 === 0).map(
      ({ kind, to }) => 2 * to + (kind === 'rw' ? 1 : 0),
    ),
  )
  if (apart !== null && wwWr === null && single === null) {
    report(
      'G-nonadjacent',
      apart.map((state) => state >>> 1),
    )
  }
  if (apart !== null) return
  const items = cycleIn(edges.length, (node) =>
    edges[node]!.filter(({ isPhantom }) => !isPhantom).map(({ to }) => to),
  )
  if (items !== null) report('G2-item', items)
  const phantoms = cycleThrough(edges, ({ isPhantom }) => isPhantom, kinds('ww wr rw'))
  if (phantoms !== null) report('G2', phantoms)
}

/** A cycle of one wanted edge, and otherwise edges of `others`. */
function cycleThrough(
  edges: readonly (readonly Edge[])[],
  isWanted: (edge: Edge) => boolean,
  others: (node: number) => readonly number[],
): readonly number[] | null {
  for (const [from, list] of edges.entries()) {
    for (const edge of list) {
      if (!isWanted(edge)) continue
      const path = pathFrom(edge.to, from, others)
      if (path !== null) return path
    }
  }
  return null
}

/** The shortest path. */
function pathFrom(
  start: number,
  end: number,
  next: (node: number) => readonly number[],
): readonly number[] | null {
  const before = new Map<number, number>([[start, -1]])
  for (const node of before.keys()) {
    if (node === end) {
      const path: number[] = []
      for (let at = node; at >= 0; at = before.get(at)!) path.unshift(at)
      return path
    }
    for (const to of next(node)) if (!before.has(to)) before.set(to, node)
  }
  return null
}

/** Any cycle among nodes 0 to `count` − 1, by a search in depth. */
function cycleIn(count: number, next: (node: number) => readonly number[]): number[] | null {
  const UNSEEN = 0
  const ON_PATH = 1
  const DONE = 2
  const states = new Uint8Array(count)
  for (let root = 0; root < count; root++) {
    if (states[root] !== UNSEEN) continue
    states[root] = ON_PATH
    const path = [{ node: root, rest: next(root)[Symbol.iterator]() }]
    while (path.length > 0) {
      const { node, rest } = path.at(-1)!
      const { done, value: to } = rest.next()
      if (done === true) {
        states[node] = DONE
        path.pop()
      } else if (states[to] === ON_PATH) {
        return path.slice(path.findIndex((step) => step.node === to)).map((step) => step.node)
      } else if (states[to] === UNSEEN) {
        states[to] = ON_PATH
        path.push({ node: to, rest: next(to)[Symbol.iterator]() })
      }
    }
  }
  return null
}
