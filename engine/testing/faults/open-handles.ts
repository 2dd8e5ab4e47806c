/**
 * Owns the count of open files: it wraps a storage and records, for every file opened through it,
 * whether it was closed.
 */

import type { Storage } from '../../storage/storage.ts'

export interface OpenHandles {
  readonly storage: Storage
  /** Paths of the open files, sorted; a file that is opened twice is listed twice. */
  paths(): readonly string[]
  /** As `paths`, but only files that are open for writing. */
  written(): readonly string[]
  /** The most files that were open for reading at once. */
  readonly mostRead: number
}

interface Handle {
  readonly path: string
  close(): void
}

export function countHandles(inner: Storage): OpenHandles {
  const reading = new Set<Handle>()
  const writing = new Set<Handle>()
  let mostRead = 0
  const counted = <File extends Handle>(file: File, open: Set<Handle>): File => {
    open.add(file)
    mostRead = Math.max(mostRead, reading.size)
    return around(file, 'close', () => {
      open.delete(file)
      file.close()
    })
  }
  const overrides: Partial<Storage> = {
    create: (path, tag) => counted(inner.create(path, tag), writing),
    appendTo: (path, tag) => counted(inner.appendTo(path, tag), writing),
    open: (path, tag) => counted(inner.open(path, tag), reading),
  }
  const storage = new Proxy(inner, {
    get: (target, name) => overrides[name as keyof Storage] ?? member(target, name),
  })
  const pathsOf = (...sets: readonly Set<Handle>[]) =>
    sets.flatMap((set) => Array.from(set, ({ path }) => path)).sort()
  return {
    storage,
    paths: () => pathsOf(reading, writing),
    written: () => pathsOf(writing),
    get mostRead() {
      return mostRead
    },
  }
}

/** Returns the object with one method replaced. */
function around<Target extends object>(target: Target, method: string, body: () => void): Target {
  return new Proxy(target, {
    get: (object, name) => (name === method ? body : member(object, name)),
  })
}

/** A member bound to the object itself: a proxy has no access to private fields. */
function member(object: object, name: string | symbol): unknown {
  const value = Reflect.get(object, name, object)
  return typeof value === 'function' ? value.bind(object) : value
}
