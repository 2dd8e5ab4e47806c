/**
 * Owns the way back to any version of a run: the text of every edit of its tree, one block an event,
 * numbered as the result's event log is, from 1.
 *
 *   varve versions 1
 *   #1 flush at 1767225600012
 *   run L0 R1 newest
 *   + L0 R1 4[user1,user9] bytes=…
 *   #2 merge at 1767225600040 because {"trigger":…,"formula":…,"values":{…}}
 *   …
 *
 * Invariant: replaying blocks 1 … n gives the version that event n left, whole; the log of events in
 * a result ends after its first two thousand, this one does not.
 */
import { z } from 'zod'
import { invalidArgument } from '../../engine/base/errors.ts'
import {
  applyEdit,
  EMPTY_VERSION,
  type JobEvent,
  type Json,
  type PickReason,
  parseEdit,
  printEdit,
  type Version,
} from '../../engine/index.ts'

/** What an event did to the tree, and why; a flush has no reason, an older log knows none. */
export interface EditEvent extends Pick<JobEvent, 'kind' | 'atMs' | 'edit'> {
  readonly reason?: PickReason
}

/** A tree between two events: what the strategy saw when it decided on the second. */
export interface TreeMoment {
  readonly version: Version
  /** Of the strategy that ran; null where it kept none yet. */
  readonly strategy: { readonly name: string; readonly state: Json } | null
  /** The next event; null after the last. */
  readonly next: EditEvent | null
  readonly nowMs: number
}

const HEADER = 'varve versions 1'

const reasonSchema = z.strictObject({
  trigger: z.string(),
  formula: z.string(),
  values: z.record(z.string(), z.union([z.number(), z.string()])),
})

/** `ycsb-a-tiering-1234-r0.json` has its versions beside it, in `….versions.txt`. */
export function versionsPath(resultPath: string): string {
  return `${resultPath.replace(/\.json$/, '')}.versions.txt`
}

/** Kept in memory until the run has ended: writing would be in the measured bytes. */
export class VersionLog {
  readonly #blocks: string[] = [HEADER]

  add({ kind, atMs, edit, reason }: EditEvent): void {
    const known = kind !== 'flush' && reason !== undefined
    const why = known ? ` because ${JSON.stringify(reason)}` : ''
    this.#blocks.push(`#${this.#blocks.length} ${kind} at ${atMs}${why}\n${printEdit(edit)}`)
  }

  text(): string {
    return `${this.#blocks.join('\n')}\n`
  }
}

/** The events of a log's text; `LSM_INVALID_ARGUMENT` naming `path` and the event otherwise. */
export function parseVersionLog(text: string, path: string): readonly EditEvent[] {
  const [header, ...blocks] = text.split(/^#/m)
  if (header?.trim() !== HEADER) {
    throw invalidArgument(`${path}: not a log of versions ("${HEADER}" is not its first line)`, {
      path,
    })
  }
  return blocks.map((block, index) => {
    const end = block.indexOf('\n')
    const head = /^(\d+) (flush|merge|move|drop) at (\d+)(?: because (\{.*\}))?$/.exec(
      block.slice(0, end),
    )
    if (head === null || Number(head[1]) !== index + 1) {
      throw invalidArgument(`${path}: event ${index + 1} is not where it should be`, { path })
    }
    const kind = head[2] as EditEvent['kind']
    const event = { kind, atMs: Number(head[3]), edit: parseEdit(block.slice(end)) }
    return head[4] === undefined ? event : { ...event, reason: parseReason(head[4], path, index) }
  })
}

function parseReason(text: string, path: string, index: number): PickReason {
  try {
    return reasonSchema.parse(JSON.parse(text))
  } catch {
    throw invalidArgument(`${path}: event ${index + 1} has a reason that is none`, { path })
  }
}

/** The tree that event `number` found; the one after the last found is the drained one. */
export function momentBefore(events: readonly EditEvent[], number: number): TreeMoment {
  let version: Version = EMPTY_VERSION
  let strategy: TreeMoment['strategy'] = null
  for (const { edit } of events.slice(0, number - 1)) {
    version = applyEdit(version, edit)
    strategy = edit.strategy ?? strategy
  }
  const next = events[number - 1] ?? null
  return { version, strategy, next, nowMs: (next ?? events.at(-1))?.atMs ?? 0 }
}
