/**
 * Owns the log of versions, from which any version of a run's tree can be restored. It is a text
 * with one block for each event: the edit of the tree. Events are numbered from 1, as in the
 * result.
 *
 *   varve versions 1
 *   #1 flush at 1767225600012
 *   run L0 R1 newest
 *   + L0 R1 4[user1,user9] bytes=…
 *   #2 merge at 1767225600040 because {"trigger":…,"formula":…,"values":{…}}
 *   …
 *
 * Invariant: replaying blocks 1 … n gives the complete version after event n. A result's own log of
 * events ends after two thousand events; this one has all.
 */
import { z } from 'zod'
import { invalidArgument } from '../../engine/base/errors.ts'
import type { JobEvent, Json, PickReason, Version } from '../../engine/index.ts'
import { parseEdit, printEdit } from '../../engine/version/edit-text.ts'
import { EMPTY_VERSION } from '../../engine/version/version.ts'
import { applyEdit } from '../../engine/version/version-edit.ts'

/**
 * An event's edit of the tree and its reason. Flushes, and events of older logs, have no reason.
 */
export interface EditEvent extends Pick<JobEvent, 'kind' | 'atMs' | 'edit'> {
  readonly reason?: PickReason
}

/** The tree between two events, as the strategy saw it when it picked the second. */
export interface TreeMoment {
  readonly version: Version
  /** The state the recorded strategy kept; null before its first. */
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

/** The versions of `ycsb-a-tiering-1234-r0.json` lie in `ycsb-a-tiering-1234-r0.versions.txt`. */
export function versionsPath(resultPath: string): string {
  return `${resultPath.replace(/\.json$/, '')}.versions.txt`
}

/** Kept in memory until the run has ended, since the run's written bytes are measured. */
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

/** Reads a log's text. Throws `LSM_INVALID_ARGUMENT` with `path` and the damaged event. */
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
      throw invalidArgument(`${path}: event ${index + 1} is missing or out of order`, { path })
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
    throw invalidArgument(`${path}: the reason of event ${index + 1} cannot be read`, { path })
  }
}

/** The tree before event `number`; a number after the last event gives the drained tree. */
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
