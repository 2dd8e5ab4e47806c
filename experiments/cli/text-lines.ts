/** Owns breaking a text into lines and setting it in columns. */
import type { Look } from './terminal.ts'

/**
 * `text` with lines broken between words, so that the terminal does not break them within words.
 */
export function fitted(text: string, { columns }: Look): string {
  if (!Number.isFinite(columns)) return text
  const lines = text.split('\n').flatMap((line) => {
    const indent = /^ */.exec(line)![0]
    const broken: string[] = []
    let current = ''
    for (const word of line.trim().split(' ')) {
      const longer = current === '' ? indent + word : `${current} ${word}`
      if (current !== '' && longer.length > columns) {
        broken.push(current)
        current = indent + word
      } else current = longer
    }
    return [...broken, current]
  })
  return lines.join('\n')
}

/** The width of help and lists, in a terminal and in a pipe alike. */
export const PAGE: Look = { colour: false, columns: 100 }

/** Two indented columns; lines of the second are broken between words and stay in their column. */
export function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 4
  const look = { ...PAGE, columns: PAGE.columns - width }
  return rows.flatMap(([left, right]) =>
    fitted(right, look)
      .split('\n')
      .map((line, index) => `${(index === 0 ? `  ${left}` : '').padEnd(width)}${line}`.trimEnd()),
  )
}
