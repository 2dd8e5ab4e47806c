/**
 * Owns the attribution of a profile of V8: processor time to rooms (the folders of this house, and
 * what is outside of it), and allocated bytes to the functions that allocated. Invariant: each
 * sample of the profile counts once, so the parts add up to the whole.
 */

import type { HeapProfiler, Profiler, Runtime } from 'node:inspector'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A part of the whole: time in ns, or bytes, for one operation. */
export interface Part {
  readonly name: string
  readonly perOperation: number
}

/** A function and its file; without a line, so that two versions can be compared. */
export interface FunctionPart extends Part {
  readonly place: string
}

/** What V8 calls the entries that belong to no function. */
const OUTSIDE: Readonly<Record<string, string>> = {
  '(garbage collector)': 'garbage collector',
  '(idle)': 'idle',
  '(program)': 'V8 itself',
  '(root)': 'V8 itself',
}

/** Where a function belongs. */
interface Origin {
  readonly room: string
  /** The file, relative to the top of the checkout, or a module's name. */
  readonly place: string
}

function originOf({ functionName, url }: Runtime.CallFrame, root: string): Origin {
  const outside = OUTSIDE[functionName]
  if (outside !== undefined) return { room: outside, place: '' }
  if (url === '') return { room: 'native code', place: 'native' }
  if (url.startsWith('node:')) {
    return { room: /fs/.test(url) ? 'node: fs' : 'node: other', place: url }
  }
  const place = relative(root, url.startsWith('file:') ? fileURLToPath(url) : url)
  const [, dependency] = /(node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(place) ?? []
  return { room: dependency ?? (place.split('/').slice(0, -1).join('/') || place), place }
}

export interface CpuLedger {
  /** Largest first. */
  readonly rooms: readonly Part[]
  readonly functions: readonly FunctionPart[]
}

/** What ran during a profile. */
export interface Profiled {
  /** The top of the checkout that was profiled. */
  readonly root: string
  readonly operations: number
  /** Processor time of the thread. */
  readonly cpuNs: number
}

/**
 * Divides the processor time by the profile's samples. Samples follow elapsed time, of which other
 * processes take a part on a busy machine; so they only say how the time divides. A call that
 * blocks, such as an fdatasync, therefore counts more than the processor time that it uses.
 */
export function cpuLedger(
  profile: Profiler.Profile,
  { root, operations, cpuNs }: Profiled,
): CpuLedger {
  const { nodes, samples = [], timeDeltas = [] } = profile
  const selfUs = new Map<number, number>()
  samples.forEach((id, index) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(timeDeltas[index] ?? 0, 0))
  })
  const rooms = new Sums()
  const functions = new Sums()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const visit = ({ id, callFrame, children = [] }: Profiler.ProfileNode, caller: Caller) => {
    const { room, place } = originOf(callFrame, root)
    // Starting and stopping a profile is no part of the benchmark, and no time is spent in idling.
    if (place === 'node:inspector' || room === 'idle') return
    const us = selfUs.get(id) ?? 0
    rooms.add(room, '', us)
    const own = callerOf(callFrame, place, caller)
    if (place !== '') functions.add(own.label, own.place, us)
    for (const child of children) visit(byId.get(child)!, own)
  }
  visit(nodes[0]!, NO_CALLER)
  const scale = cpuNs / (rooms.total * operations)
  return { rooms: rooms.largestFirst(scale), functions: functions.largestFirst(scale) }
}

/** The functions that allocated, the largest sum first. */
export function allocationLedger(
  { head }: HeapProfiler.SamplingHeapProfile,
  { root, operations }: Pick<Profiled, 'root' | 'operations'>,
): readonly FunctionPart[] {
  const sums = new Sums()
  const visit = (node: HeapProfiler.SamplingHeapProfileNode, caller: Caller) => {
    const { place } = originOf(node.callFrame, root)
    if (place === 'node:inspector') return
    const own = callerOf(node.callFrame, place, caller)
    sums.add(own.label, own.place, node.selfSize)
    for (const child of node.children) visit(child, own)
  }
  visit(head, NO_CALLER)
  return sums.largestFirst(1 / operations)
}

/** The function that a native function works for: the nearest caller with a file. */
interface Caller {
  /** Of native functions, their name and that of the caller. */
  readonly label: string
  readonly name: string
  readonly place: string
}

const NO_CALLER: Caller = { label: '', name: '', place: '' }

function callerOf({ functionName }: Runtime.CallFrame, place: string, caller: Caller): Caller {
  const name = functionName || '(anonymous)'
  if (place !== 'native') return { label: name, name, place }
  if (caller.place === '') return { label: name, name, place }
  return { label: `${name} in ${caller.name}`, name: caller.name, place: caller.place }
}

/** Sums by name and place. */
class Sums {
  total = 0
  readonly #parts = new Map<string, { name: string; place: string; sum: number }>()

  add(name: string, place: string, amount: number): void {
    if (amount === 0) return
    this.total += amount
    const key = `${name}\n${place}`
    const part = this.#parts.get(key)
    if (part === undefined) this.#parts.set(key, { name, place, sum: amount })
    else part.sum += amount
  }

  /** Each sum becomes `scale` times as much. */
  largestFirst(scale: number): readonly FunctionPart[] {
    return [...this.#parts.values()]
      .sort((a, b) => b.sum - a.sum)
      .map(({ name, place, sum }) => ({ name, place, perOperation: sum * scale }))
  }
}
