/**
 * Owns the reaction to failures of standard output, the same for every command. A reader that
 * leaves (`| head`) is not a failure: further output is dropped, files are still written, and the
 * exit code is that of the work. Any other fault, such as a full disk, gives one line on standard
 * error and exit code 1. Faults of standard error itself cannot be reported, so they are ignored.
 */

/** Why standard output failed, or null. */
let fault: Error | null = null

/** From now on no fault of the standard streams is thrown. */
export function watchStandardStreams(): void {
  process.stdout.on('error', (error) => {
    fault ??= error
  })
  process.stderr.on('error', () => {})
}

/**
 * Waits until all output is written. Returns the fault to report: null if there is none, or if the
 * reader has left.
 */
export async function outputFault(): Promise<Error | null> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  return fault === null || isClosedPipe(fault) ? null : fault
}

/** Whether `error` was thrown because standard output had failed. */
export function isOfOutput(error: unknown): boolean {
  return fault !== null && (error === fault || isClosedPipe(error))
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}
