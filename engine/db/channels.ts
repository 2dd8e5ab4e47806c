/**
 * Owns the channels of `node:diagnostics_channel` on which the engine publishes its events:
 * `varve:flush`, `varve:ingest`, `varve:merge`, `varve:move`, `varve:drop`, `varve:collect`,
 * `varve:stall`, `varve:recovery`, `varve:strategy-change` and `varve:slow-operation`. The names
 * are stable.
 *
 * Invariant: a channel without subscribers costs one look at it for each event.
 */

import { type Channel, channel } from 'node:diagnostics_channel'
import type { DatabaseEvent } from './events.ts'

/** What subscribers of a `varve:` channel get. */
export interface EventMessage {
  /** The folder of the database, as its storage resolved it. */
  readonly folder: string
  readonly event: DatabaseEvent
}

const CHANNELS: Readonly<Record<DatabaseEvent['kind'], Channel>> = {
  flush: channel('varve:flush'),
  ingest: channel('varve:ingest'),
  merge: channel('varve:merge'),
  move: channel('varve:move'),
  drop: channel('varve:drop'),
  collect: channel('varve:collect'),
  stall: channel('varve:stall'),
  recovery: channel('varve:recovery'),
  'strategy-change': channel('varve:strategy-change'),
  'slow-operation': channel('varve:slow-operation'),
}

/** `onEvent`, and publishes the event afterwards. Subscribers' errors do not reach the engine. */
export function publishing(
  folder: string,
  onEvent: (event: DatabaseEvent) => void,
): (event: DatabaseEvent) => void {
  return (event) => {
    onEvent(event)
    const named = CHANNELS[event.kind]
    if (named.hasSubscribers) {
      const message: EventMessage = { folder, event }
      named.publish(message)
    }
  }
}
