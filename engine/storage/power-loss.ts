/**
 * Owns what a power loss may do to a file system, as pure functions of plain data: which unsynced
 * bytes and which unsynced names are found after the reboot. The rules are POSIX's, harsher than any
 * one file system's (cf. ALICE, Pillai et al., OSDI 2014): bytes and names persist independently, and
 * nothing but a sync orders two files or two names. Invariant: what was synced is never touched.
 */

import { unreachable } from '../base/assert.ts'
import { createRandom, deriveSeed, type Random } from '../base/random.ts'

/** A device writes whole sectors; a file's unsynced ones may reach it in any order. */
const SECTOR_BYTES = 512

/** What a file holds past its synced part after the reboot. */
export type UnsyncedBytes =
  | 'lost'
  | 'kept'
  /** The first `keptBytes`, and in place of the rest nothing, zeros or seeded garbage. */
  | {
      readonly kind: 'torn'
      readonly keptBytes: number
      readonly rest: 'lost' | 'zeros' | 'garbage'
      readonly seed: number
    }
  /** Full length, every 512 B sector for itself kept or zeros: written back out of order. */
  | { readonly kind: 'sectors'; readonly seed: number }
  /** Every file draws one of the above for itself. */
  | { readonly kind: 'seeded'; readonly seed: number }

/** Which creations, renames, links and removals since their folder's last sync happened. */
export type UnsyncedNames =
  | 'lost'
  | 'kept'
  /** Any of them, except that one left out leaves out the later ones on the same names. */
  | { readonly kind: 'subset'; readonly seed: number }

export interface PowerLossChoice {
  readonly bytes: UnsyncedBytes
  readonly names: UnsyncedNames
}

/** One directory operation: the names it sets, all or none, to a file or to nothing. */
export interface NameChange<File> {
  readonly names: readonly { readonly path: string; readonly file: File | null }[]
}

/** A new array: what a file of `content`, synced up to `syncedBytes`, holds after the reboot. */
export function survivingContent(
  content: Uint8Array,
  syncedBytes: number,
  choice: UnsyncedBytes,
  fileId: number,
): Uint8Array {
  if (choice === 'lost') return content.slice(0, syncedBytes)
  if (choice === 'kept' || syncedBytes === content.length) return content.slice()
  const random = createRandom(deriveSeed(choice.seed, 'power-loss', fileId))
  switch (choice.kind) {
    case 'torn':
      return torn(content, syncedBytes + choice.keptBytes, choice.rest, random)
    case 'sectors':
      return outOfOrder(content, syncedBytes, random)
    case 'seeded':
      return survivingContent(
        content,
        syncedBytes,
        drawChoice(content.length - syncedBytes, random),
        fileId,
      )
    default:
      return unreachable(choice)
  }
}

/** Those of the unsynced changes, oldest first, that are found after the reboot; in that order. */
export function survivingChanges<File>(
  changes: readonly NameChange<File>[],
  choice: UnsyncedNames,
): readonly NameChange<File>[] {
  if (choice === 'lost') return []
  if (choice === 'kept') return changes
  const random = createRandom(deriveSeed(choice.seed, 'power-loss names'))
  const stopped = new Set<string>()
  return changes.filter(({ names }) => {
    const kept = random.nextBelow(2) === 0 && !names.some(({ path }) => stopped.has(path))
    if (!kept) for (const { path } of names) stopped.add(path)
    return kept
  })
}

function torn(
  content: Uint8Array,
  keptEnd: number,
  rest: 'lost' | 'zeros' | 'garbage',
  random: Random,
): Uint8Array {
  const survived = rest === 'lost' ? content.slice(0, keptEnd) : content.slice()
  for (let at = keptEnd; at < survived.length; at++) {
    survived[at] = rest === 'zeros' ? 0 : random.nextBelow(256)
  }
  return survived
}

function outOfOrder(content: Uint8Array, syncedBytes: number, random: Random): Uint8Array {
  const survived = content.slice()
  let start = syncedBytes
  while (start < survived.length) {
    const end = (Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES
    if (random.nextBelow(2) === 0) survived.fill(0, start, end)
    start = end
  }
  return survived
}

function drawChoice(unsyncedBytes: number, random: Random): UnsyncedBytes {
  const seed = random.nextU32()
  const keptBytes = random.nextBelow(unsyncedBytes + 1)
  const choices: readonly UnsyncedBytes[] = [
    'lost',
    'kept',
    { kind: 'torn', keptBytes, rest: 'lost', seed },
    { kind: 'torn', keptBytes, rest: 'zeros', seed },
    { kind: 'torn', keptBytes, rest: 'garbage', seed },
    { kind: 'sectors', seed },
  ]
  return choices[random.nextBelow(choices.length)]!
}
