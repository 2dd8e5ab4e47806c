/**
 * Owns the environment of processes that a command starts from TypeScript. A compile cache that is
 * there from their start spares them the stripping of types: 40 ms each, before any code of theirs
 * could ask for the cache.
 */
import { getCompileCacheDir } from 'node:module'

/** This process's environment, with its compile cache if it has one. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir()
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache }
}
