/** Owns the text of a command for a shell, ready to be pasted. */

export function shellText(command: readonly string[]): string {
  return command
    .map((argument) =>
      /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`,
    )
    .join(' ')
}
