/**
 * Owns the possible effects of a power loss on a file system, as pure functions of plain data:
 * which unsynced bytes and which unsynced names are found after the reboot. The rules are POSIX's,
 * which are harsher than those of any real file system (cf. ALICE, Pillai et al., OSDI 2014): bytes
 * and names persist independently, and only a sync orders two files or two names. Invariant: synced
 * bytes and names are never changed.
 */

import { unreachable } from '../base/assert.ts'
import { createRandom, deriveSeed, type Random } from '../base/random.ts'

/** A device writes whole sectors; a file's unsynced ones may reach it in any order. */
const SECTOR_BYTES = 512

/** What a file holds after its synced part when the machine has rebooted. */
export type UnsyncedBytes =
  | 'lost'
  | 'kept'
  /** The first `keptBytes` stay; the rest is missing, zeros or seeded garbage. */
  | {
      readonly kind: 'torn'
      readonly keptBytes: number
      readonly rest: 'lost' | 'zeros' | 'garbage'
      readonly seed: number
    }
  /**
   * The full length; each 512 B sector is kept or zeros, as when sectors are written back out of
   * order.
   */
  | { readonly kind: 'sectors'; readonly seed: number }
  /** Each file draws one of the above. */
  | { readonly kind: 'seeded'; readonly seed: number }

/** Which creations, renames, links and removals since their folder's last sync survive. */
export type UnsyncedNames =
  | 'lost'
  | 'kept'
  /** Any subset, but if a change is lost, the later changes to the same names are lost too. */
  | { readonly kind: 'subset'; readonly seed: number }

export interface PowerLossChoice {
  readonly bytes: UnsyncedBytes
  readonly names: UnsyncedNames
}

/** One directory operation: it sets all of its names or none, each to a file or to nothing. */
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

/** The unsynced changes that survive, oldest first, out of `changes`, which are oldest first. */
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
