/**
 * Owns the copy of orders and outcomes that is posted to another thread. Posting a view of a buffer
 * copies the whole buffer, and a key may be a small view of a block. Invariant: in the copy every
 * array of bytes has a buffer of exactly its size; shared memory stays shared.
 */

/** A copy of plain data: objects, arrays, bytes and scalars. */
export function compactCopy<Data>(data: Data): Data {
  return copyOf(data) as Data
}

function copyOf(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || data instanceof SharedArrayBuffer) return data
  if (data instanceof Uint8Array) return Uint8Array.from(data)
  if (Array.isArray(data)) return data.map(copyOf)
  return Object.fromEntries(Object.entries(data).map(([name, field]) => [name, copyOf(field)]))
}
