/**
 * Owns the properties of the terminal that a command writes to. A pipe or a file is not a terminal:
 * it has no colour, unlimited width, and no line that can be drawn again.
 */

export interface Look {
  readonly colour: boolean
  /** Characters a line; infinite where unknown. */
  readonly columns: number
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  hasColors?(): boolean
}

/** Whether to use colours is Node's rule, which follows NO_COLOR, FORCE_COLOR and TERM. */
export function lookOf(stream: Stream): Look {
  if (stream.isTTY !== true) return { colour: false, columns: Number.POSITIVE_INFINITY }
  // A pseudo-terminal without a size says 0.
  const columns = stream.columns || Number.POSITIVE_INFINITY
  return { colour: stream.hasColors?.() === true, columns }
}

/** Whether a line can be drawn over: a dumb terminal has no cursor control. */
export function canRedraw(stream: Stream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb'
}
