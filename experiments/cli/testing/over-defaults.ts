/** Owns the flags of a test that has its own defaults: each flag is given once. */

/** `flags`, after those of `defaults` that `flags` does not set. */
export function overDefaults(
  defaults: readonly string[],
  flags: readonly string[],
): readonly string[] {
  const given = new Set(flags.map(settingOf))
  return [...defaults.filter((flag) => !given.has(settingOf(flag))), ...flags]
}

/** '--seed' of '--seed=1', '--set=blockBytes' of '--set=blockBytes=4k'. */
function settingOf(flag: string): string {
  return /^--(?:param|set)=[^=]*|^[^=]*/.exec(flag)![0]
}
