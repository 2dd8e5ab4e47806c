/**
 * Owns finding the commands that documents tell a reader to run: the lines of their fenced `sh`
 * blocks, so that a test can run each as it is written. Invariant: a command of this project in a
 * fence of another kind is refused, since nothing would run it.
 */

export interface DocumentedCommand {
  readonly document: string
  /** Of the document, from 1: where the command begins. */
  readonly line: number
  /** As written, continued lines joined, without the comment behind it. */
  readonly command: string
}

const FENCE = /^```(\S*)$/
const COMMENT = /(^|\s+)#(\s.*)?$/

/** The commands of `text`, in its order. Throws where one stands in a fence that is not `sh`. */
export function documentedCommands(document: string, text: string): readonly DocumentedCommand[] {
  const commands: DocumentedCommand[] = []
  let fence: string | null = null
  let pending: { readonly line: number; readonly text: string } | null = null
  for (const [index, content] of text.split('\n').entries()) {
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
