/** Owns loading a peer's library. If it is missing, the user gets one clear line. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { UsageError } from '../../base/usage-error.ts'

const require = createRequire(import.meta.url)

/** The module's exports, as `Library`. Throws `UsageError` if it is absent or does not load. */
export function loadLibrary<Library>(target: string, packageName: string): Library {
  try {
    return require(packageName) as Library
  } catch (cause) {
    const [line] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    const code = (cause as { readonly code?: string }).code
    const isAbsent = code === 'MODULE_NOT_FOUND'
    const what = isAbsent
      ? `is not installed: npm install ${packageName}`
      : `does not load: ${line}`
    throw new UsageError(`--target=${target}: package ${packageName} ${what}`, { cause })
  }
}

/**
 * Searches for package.json upwards from the package's entry, because not every package exports it.
 */
export function libraryVersion(packageName: string): string {
  for (let folder = dirname(require.resolve(packageName)); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (!existsSync(path)) continue
    const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
    if (name === packageName) return `${packageName} ${version}`
  }
}
