/**
 * Owns the command that would pass a failed gate: the run's own command with flags set or removed,
 * so that it works as printed. It starts another run.
 */

/** By the start of a flag, such as '--rate=': its new value; null removes the flag. */
export type FlagChanges = Readonly<Record<string, string | null>>

/** `command` with the changes. A flag it already has is changed in place; a new one comes last. */
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
