/** Owns how a command is written for a shell, to be pasted as it is. */

export function shellText(command: readonly string[]): string {
  return command
    .map((argument) =>
      /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`,
    )
    .join(' ')
}
