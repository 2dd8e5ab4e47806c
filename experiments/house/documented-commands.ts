/**
 * Owns the search for commands in documents: the lines of fenced `sh` blocks, so that a test can
 * run each as written, and the code spans of the text, so that a test can check the names in them.
 * Invariant: a command of this project in another kind of fence, or in an indented fence, is
 * refused, because no test would run it.
 */

export interface DocumentedCommand {
  readonly document: string
  /** Line of the document where the command begins, from 1. */
  readonly line: number
  /** The command as written, with continued lines joined and without a comment at the end. */
  readonly command: string
}

const FENCE = /^```(\S*)$/
const INDENTED_FENCE = /^\s+```/
const CODE_SPAN = /`([^`]+)`/g
const COMMENT = /(^|\s+)#(\s.*)?$/

/** The commands of `text`, in its order. Throws if one is in a fence that is not `sh`. */
export function documentedCommands(document: string, text: string): readonly DocumentedCommand[] {
  const commands: DocumentedCommand[] = []
  let fence: string | null = null
  let pending: { readonly line: number; readonly text: string } | null = null
  for (const [index, content] of text.split('\n').entries()) {
    if (INDENTED_FENCE.test(content)) throw new Error(`${document}:${index + 1}: an indented fence`)
    const [, language] = FENCE.exec(content) ?? []
    if (language !== undefined) {
      if (pending !== null)
        throw new Error(`${document}:${pending.line}: a command goes on past its fence`)
      fence = fence === null ? language : null
      continue
    }
    if (fence === null) continue
    const isOurs = /^(npm|npx) /.test(content)
    if (fence !== 'sh') {
      if (isOurs) throw new Error(`${document}:${index + 1}: a command in a fence that is not sh`)
      continue
    }
    const line: number = pending?.line ?? index + 1
    const joined: string = `${pending?.text ?? ''}${content.replace(COMMENT, '')}`
    pending = joined.endsWith('\\') ? { line, text: joined.slice(0, -1) } : null
    const command = joined.trim()
    if (pending === null && command !== '') commands.push({ document, line, command })
  }
  if (fence !== null) throw new Error(`${document}: its last fence is not closed`)
  return commands
}

/** The code spans of the text outside fences, in its order; a span over two lines is one span. */
export function codeSpans(text: string): readonly string[] {
  let isFenced = false
  const prose = text.split('\n').filter((line) => {
    const isFence = FENCE.test(line)
    if (isFence) isFenced = !isFenced
    return !isFence && !isFenced
  })
  return Array.from(prose.join('\n').matchAll(CODE_SPAN), ([, span]) => span!.replace(/\s+/g, ' '))
}

/** The names that a code span may use. */
export interface Known {
  /** The scripts of package.json: name → command. */
  readonly scripts: Readonly<Record<string, string>>
  /** The verbs of the program, as 'exp' or 'trace stats', with the flags of each. */
  readonly flagsOf: ReadonlyMap<string, ReadonlySet<string>>
}

const FLAGS_ALONE = /^--[a-z]/
const FLAG = /^--[a-z][a-z-]*/
const OF_NPM = /^(?:[A-Z_]+=\S+ )*npm (?:run (?:-s )?)?([\w:-]+)(.*)$/
const OF_PROGRAM = /^(?:npx )?varve(?= |$)(.*)$/
const STARTS_PROGRAM = / experiments\/main\.ts(.*)$/
/** npm's own commands. */
const NPM_COMMANDS = ['run', 'ci', 'install', 'pack', 'exec', 'version']
/** A placeholder for any word: `<verb>`, `…`, `NAME`. */
const PLACEHOLDER = /[<…]|^[A-Z]+$/

/** Why a reader cannot use `span`, a command or flags named in a document; null if they can. */
export function faultOf(span: string, { scripts, flagsOf }: Known): string | null {
  if (FLAGS_ALONE.test(span)) {
    const unknown = flagsIn(span).find((flag) => !flagsOf.values().some((flags) => flags.has(flag)))
    return unknown === undefined ? null : `no verb has ${unknown}`
  }
  const [, ofProgram] = OF_PROGRAM.exec(span) ?? []
  if (ofProgram !== undefined) return faultOfVerb(ofProgram, flagsOf)
  const [, script, rest] = OF_NPM.exec(span) ?? []
  if (script === undefined || NPM_COMMANDS.includes(script)) return null
  if (!Object.hasOwn(scripts, script)) return `there is no script ${script}`
  const [, verb] = STARTS_PROGRAM.exec(scripts[script]!) ?? []
  return verb === undefined ? null : faultOfVerb(`${verb}${rest}`, flagsOf)
}

/** `line` is the part of the command after the name of the program. */
function faultOfVerb(line: string, flagsOf: Known['flagsOf']): string | null {
  const [first, second] = line.split(' ').filter((word) => word !== '' && word !== '--')
  if (first === undefined || first.startsWith('-') || PLACEHOLDER.test(first)) return null
  const flags = flagsOf.get(first) ?? flagsOf.get(`${first} ${second}`)
  if (flags === undefined) {
    const isGroup = flagsOf.keys().some((verb) => verb.startsWith(`${first} `))
    if (isGroup && (second === undefined || /^-|[<…]/.test(second))) return null
    return `there is no verb ${isGroup ? `${first} ${second}` : first}`
  }
  const unknown = flagsIn(line).find((flag) => !flags.has(flag))
  return unknown === undefined ? null : `${first} has no ${unknown}`
}

function flagsIn(line: string): readonly string[] {
  return line.split(' ').flatMap((word) => FLAG.exec(word)?.[0] ?? [])
}
