/**
 * Owns the values of YCSB's `dataintegrity`: "key:field", then ":" and Java's hash of all before,
 * until the length is reached (YCSB 0.17.0 `CoreWorkload.buildDeterministicValue`). They depend
 * only on key and field, so they draw nothing.
 */

const COLON = 0x3a

/** Fills target[start, end). */
export function writeIntegrityValue(
  key: Uint8Array,
  field: Uint8Array,
  target: Uint8Array,
  start: number,
  end: number,
): void {
  let at = start
  let hash = 0
  // Bytes beyond the end are dropped; no later hash depends on them.
  const append = (byte: number) => {
    hash = (Math.imul(hash, 31) + byte) | 0
    if (at < end) target[at++] = byte
  }
  for (const byte of key) append(byte)
  append(COLON)
  for (const byte of field) append(byte)
  while (at < end) {
    append(COLON)
    const digits = String(hash)
    for (let i = 0; i < digits.length; i++) append(digits.charCodeAt(i))
  }
}
