/**
 * Owns the checks of prose in files: comment lines stay within 100 columns, object literals list
 * their fields, and prose uses none of the phrases that are hard to read. Invariant: a finding
 * names the line and what to write instead.
 */

import { parseSync, Visitor } from 'oxc-parser'

export interface ProseFinding {
  readonly line: number
  readonly fault: string
}

const COLUMNS_MAX = 100

/**
 * Phrases with their replacements. A phrase enters the list only if its replacement is always
 * better, so that the check needs no exceptions.
 */
const OLD_PHRASES: readonly (readonly [phrase: RegExp, instead: string])[] = [
  phrase("one['’]s own", 'your, its'),
  phrase('be (?:it|they)', 'whether'),
  phrase('(?:what|who) is no(?! longer)', 'what is not a, anybody without'),
  phrase('(?:is|are|was|were) told (?:by|of)', 'comes from, is notified of'),
  phrase('known by', 'identified by'),
  phrase('nobody knows', 'unknown'),
  phrase('that which', 'the one that'),
  phrase('those there are', 'the existing ones'),
  phrase('(?:a|no) say in', 'depends on'),
  phrase('in the midst of', 'during'),
  phrase('(?:there|where)(?:of|in|upon|by)', 'of it, in which, so that'),
  phrase('(?:whence|hitherto|lest|ought to)', 'from which, so far, so that, should'),
  phrase('(?:as it were|so to speak)', 'nothing: leave it out'),
  phrase('nothing but', 'only'),
  phrase('all but', 'all except, or nearly'),
  phrase('anew', 'again'),
]

/** Lines longer than 100 columns that hold a part of a comment. A line with a URL may be longer. */
export function longCommentLines(text: string): readonly ProseFinding[] {
  const lines = text.split('\n')
  return commentsAlone(text)
    .split('\n')
    .flatMap((comment, index) => {
      const columns = [...lines[index]!].length
      if (comment.trim() === '' || columns <= COLUMNS_MAX || comment.includes('://')) return []
      return [{ line: index + 1, fault: `a comment of ${columns} columns; ${COLUMNS_MAX} at most` }]
    })
}

/** Object literals spread in place (`...{ a, b }`). They hide fields to save lines. */
export function packedLiterals(text: string): readonly ProseFinding[] {
  if (!/\.\.\.\s*\{/.test(text)) return []
  const found: ProseFinding[] = []
  const visitor = new Visitor({
    SpreadElement: ({ argument, start }) => {
      if (argument.type !== 'ObjectExpression') return
      found.push({ line: lineAt(text, start), fault: 'a literal spread in place; list its fields' })
    },
  })
  visitor.visit(parseSync('file.ts', text).program)
  return found
}

/** Listed phrases in the comments of TypeScript, or anywhere in another document. */
export function oldPhrases(path: string, text: string): readonly ProseFinding[] {
  const prose = path.endsWith('.ts') ? commentsAlone(text) : text
  return OLD_PHRASES.flatMap(([pattern, instead]) =>
    [...prose.matchAll(pattern)].map((match) => ({
      line: lineAt(text, match.index),
      fault: `"${match[0].replace(/[\s*/]+/g, ' ')}"; write instead: ${instead}`,
    })),
  ).sort((a, b) => a.line - b.line)
}

/** Whole words in any letter case, also across lines of one comment. */
function phrase(words: string, instead: string): readonly [RegExp, string] {
  const gap = words.replaceAll(' ', String.raw`\s+(?:(?:\*|\/\/)\s+)?`)
  return [new RegExp(String.raw`\b${gap}\b`, 'gi'), instead]
}

/** `text` with everything outside comments blanked, so that offsets and lines stay the same. */
function commentsAlone(text: string): string {
  let out = ''
  let at = 0
  for (const { start, end } of parseSync('file.ts', text).comments) {
    out += blank(text.slice(at, start)) + text.slice(start, end)
    at = end
  }
  return out + blank(text.slice(at))
}

function blank(code: string): string {
  return code.replace(/[^\n]/g, ' ')
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
