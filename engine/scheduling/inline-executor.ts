/** What `work` returns, or the error that it throws. */
export function resultOf<Result>(work: () => Result): Result | Error {
  try {
    return work()
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause))
  }
}
