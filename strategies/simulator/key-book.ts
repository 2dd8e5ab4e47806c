/**
 * Owns the keys of an exact simulation: each stored once, named by a small number ever after. A key is
 * kept as a text of its bytes (Latin-1), whose order is the order of bytes, so that comparing,
 * hashing and storing are the runtime's own.
 */

export type KeyId = number

export class KeyBook {
  readonly #ids = new Map<string, KeyId>()
  readonly #texts: string[] = []

  /** The number of a key; a key not seen before gets the next. */
  idOf(key: Uint8Array): KeyId {
    const text = keyText(key)
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#texts.length
    this.#texts.push(text)
    this.#ids.set(text, id)
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
    return this.#texts[a]! < this.#texts[b]! ? -1 : 1
  }

  /** Owned. */
  bytesOf(id: KeyId): Uint8Array {
    return Uint8Array.from(this.#texts[id]!, (char) => char.charCodeAt(0))
  }
}

/** A text that sorts as the bytes do. */
export function keyText(key: Uint8Array): string {
  let text = ''
  for (let i = 0; i < key.length; i++) text += String.fromCharCode(key[i]!)
  return text
}

/** Bytes two keys, given as texts, have in common at their start. */
export function sharedPrefix(a: string, b: string): number {
  const limit = Math.min(a.length, b.length)
  let common = 0
  while (common < limit && a.charCodeAt(common) === b.charCodeAt(common)) common++
  return common
}
