/**
 * Owns the reading of JSON that people write: configs, workload specs. `JSON.parse` keeps the last
 * of two equal names, and takes numbers that a double cannot hold; here both are refused, so that
 * what is written is what counts.
 */

const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]|-?\d[\d.eE+-]*/gs

/** As `JSON.parse`; throws an `Error` with one line that names what is wrong. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  const objects: Set<string>[] = []
  for (const [token, colon] of text.matchAll(TOKEN)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (!token.startsWith('"')) checkNumber(token)
    else if (colon !== undefined) {
      checkName(JSON.parse(token.slice(0, -colon.length)) as string, objects.at(-1)!)
    }
  }
  return value
}

function checkName(name: string, known: Set<string>): void {
  if (known.has(name)) throw new Error(`${JSON.stringify(name)} is given twice`)
  // Objects copied name by name would lose it.
  if (name === '__proto__') throw new Error('"__proto__" is no name here')
  known.add(name)
}

const SMALLEST_NORMAL = 2 ** -1022

function checkNumber(token: string): void {
  const number = Number(token)
  const size = Math.abs(number)
  const isZero = !/[1-9]/.test(token.split(/e/i)[0]!)
  const isWhole = /^-?\d+$/.test(token)
  if (!isZero && !(size >= SMALLEST_NORMAL && size < Number.POSITIVE_INFINITY)) {
    throw new Error(`${token} is beyond the range of numbers`)
  }
  if (isWhole && !Number.isSafeInteger(number)) {
    throw new Error(`${token} has more digits than a number keeps`)
  }
}
