/**
 * Owns the reading of JSON that people write: configs, workload specs. `JSON.parse` keeps the last
 * of two equal names, and accepts numbers that a double cannot hold. This reader refuses both, so
 * that nothing the user wrote is silently changed.
 */

const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]|-?\d[\d.eE+-]*/gs

/** As `JSON.parse`. Throws an `Error` with one line that describes the fault. */
export function parseJson(text: string): unknown {
  const value = parsed(text)
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

/** The message of `JSON.parse` quotes the text, with its line breaks. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error((cause as Error).message.replaceAll(/\s+/g, ' '), { cause })
  }
}

function checkName(name: string, known: Set<string>): void {
  if (known.has(name)) throw new Error(`${JSON.stringify(name)} is given twice`)
  // Code that copies objects name by name would lose it.
  if (name === '__proto__') throw new Error('"__proto__" is not allowed as a name')
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
