/**
 * Owns the end of every command: its text on standard output, its exit code, and an error as one
 * line on standard error, with the stack only under `--debug`. Failures of standard streams are in
 * `standard-output.ts`, signals in `signals.ts`.
 */
import { EXIT, explain } from './explain.ts'
import { isOfOutput, outputFault, watchStandardStreams } from './standard-output.ts'

/** A process runs one command, so it has one such state. */
let isQuiet = false

/**
 * Runs `main` with the process's arguments. The exit code is the number it returns, or that of its
 * error.
 */
export async function runCommand(
  name: string,
  main: (argv: readonly string[]) => number | Promise<number>,
): Promise<void> {
  watchStandardStreams()
  let code: number = EXIT.done
  try {
    code = await main(process.argv.slice(2))
  } catch (error) {
    if (!isOfOutput(error)) code = tellError(name, error)
  }
  const fault = await outputFault()
  process.exitCode = fault === null ? code : tellError(name, fault)
}

/** Prints the error of the command `name`; returns its exit code. */
function tellError(name: string, error: unknown): number {
  const { line, code } = explain(error)
  process.stderr.write(`${name}: ${line}\n`)
  const debug = process.argv.includes('--debug')
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return code
}

/** Turns notes off or on: `--quiet`. */
export function beQuiet(quiet: boolean): void {
  isQuiet = quiet
}

/** Prints the answer; returns exit code 0. */
export function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return EXIT.done
}

/** Prints the path of a written file unless `--quiet`; returns the exit code as `say` does. */
export function sayWritten(path: string): number {
  return isQuiet ? EXIT.done : say(path)
}

/** Prints a note on standard error, unless `--quiet`. */
export function note(line: string): void {
  if (!isQuiet) process.stderr.write(`${line}\n`)
}
