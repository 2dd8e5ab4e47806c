/**
 * Owns the commands that make up for a gate that failed: the run's own command with flags set or taken
 * away, so that they work as written. Each is a run of its own.
 */

/** A flag by the text it begins with, such as '--rate=', and its value; null takes it away. */
export type FlagChanges = Readonly<Record<string, string | null>>

/** `command` with the changes: a flag that is there is changed in its place, else it comes last. */
export function withFlags(command: readonly string[], changes: FlagChanges): readonly string[] {
  const prefixes = Object.keys(changes)
  const prefixOf = (argument: string) => prefixes.find((prefix) => argument.startsWith(prefix))
  const there = new Set(command.map(prefixOf))
  const changed = command.flatMap((argument) => {
    const prefix = prefixOf(argument)
    if (prefix === undefined) return [argument]
    const value = changes[prefix]!
    return value === null ? [] : [`${prefix}${value}`]
  })
  const added = Object.entries(changes).flatMap(([prefix, value]) =>
    value === null || there.has(prefix) ? [] : [`${prefix}${value}`],
  )
  return [...changed, ...added]
}
