/**
 * Owns the keys of an exact simulation: each stored once, named by a small number ever after. A key is
 * kept as a text of its bytes (Latin-1), whose order is the order of bytes, so that comparing,
 * hashing and storing are the runtime's own; its first bytes also as a number, which settles most
 * comparisons without a look at the text.
 */

export type KeyId = number

/** As many as a number holds exactly. */
const HEAD_BYTES = 6

export class KeyBook {
  readonly #ids = new Map<string, KeyId>()
  readonly #texts: string[] = []
  /** The first bytes of each key as a number: most comparisons end there. */
  #heads = new Float64Array(1024)

  /** The number of a key; a key not seen before gets the next. */
  idOf(key: Uint8Array): KeyId {
    const text = keyText(key)
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#texts.length
    this.#texts.push(text)
    this.#ids.set(text, id)
    if (id === this.#heads.length) this.#heads = grown(this.#heads)
    this.#heads[id] = headOf(key)
    return id
  }

  /** Undefined for a key never seen. */
  find(key: Uint8Array): KeyId | undefined {
    return this.#ids.get(keyText(key))
  }

  textOf(id: KeyId): string {
    return this.#texts[id]!
  }

  compare(a: KeyId, b: KeyId): number {
    if (a === b) return 0
    const difference = this.#heads[a]! - this.#heads[b]!
    if (difference !== 0) return difference
    return this.#texts[a]! < this.#texts[b]! ? -1 : 1
  }

  /** Owned. */
  bytesOf(id: KeyId): Uint8Array {
    return Uint8Array.from(this.#texts[id]!, (char) => char.charCodeAt(0))
  }
}

/** Zeros stand in for what a short key lacks: heads that differ are in the order of their keys. */
function headOf(key: Uint8Array): number {
  let head = 0
  for (let at = 0; at < HEAD_BYTES; at++) head = head * 256 + (key[at] ?? 0)
  return head
}

function grown(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}

/** A text that sorts as the bytes do. */
export function keyText(key: Uint8Array): string {
  // The longest key is 64 KiB of arguments, which the stack has room for.
  return String.fromCharCode.apply(null, key as unknown as number[])
}

/** Bytes two keys, given as texts, have in common at their start. */
export function sharedPrefix(a: string, b: string): number {
  const limit = Math.min(a.length, b.length)
  let common = 0
  while (common < limit && a.charCodeAt(common) === b.charCodeAt(common)) common++
  return common
}
