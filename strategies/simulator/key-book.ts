/**
 * Owns the keys of an exact simulation. Each is stored once and then named by a small number. A key
 * is kept as a text of its bytes (Latin-1), which sorts like the bytes and lets the runtime
 * compare, hash and store it. Its first bytes are also kept as a number, which decides most
 * comparisons.
 */

export type KeyId = number

/** The most bytes that a number holds exactly. */
const HEAD_BYTES = 6

export class KeyBook {
  readonly #ids = new Map<string, KeyId>()
  readonly #texts: string[] = []
  /** The first bytes of each key as a number. */
  #heads = new Float64Array(1024)

  /** The number of a key; a new key gets the next number. */
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

  /** The number of a key; undefined if it is unknown. */
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

/** Short keys are padded with zeros. Heads that differ have the order of their keys. */
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
  // The longest key makes 64 Ki arguments, for which the stack has room.
  return String.fromCharCode.apply(null, key as unknown as number[])
}

/** Length of the common prefix of two keys, given as texts. */
export function sharedPrefix(a: string, b: string): number {
  const limit = Math.min(a.length, b.length)
  let common = 0
  while (common < limit && a.charCodeAt(common) === b.charCodeAt(common)) common++
  return common
}
