/**
 * Owns the search for the exports of an entry file, and for the docstring of each. Re-exports are
 * followed to the file that declares the name. A docstring is a block comment that ends on the line
 * above its declaration, so that a file's header comment does not count as one.
 */

import { dirname, join } from 'node:path'
import { type Class, type Declaration, type ExportNamedDeclaration, parseSync } from 'oxc-parser'

export interface PublicExport {
  /** A name, or `Class.method` for a public method of an exported class. */
  readonly name: string
  /** The file that declares it, and the line there, from 1. */
  readonly path: string
  readonly line: number
  readonly isDocumented: boolean
}

type ReadFile = (path: string) => string

/** Everything that the file `path` exports, in its order, with the files it takes names from. */
export function publicExports(path: string, read: ReadFile): readonly PublicExport[] {
  const text = read(path)
  const { program, comments } = parseSync(path, text)
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  const docstrings = comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
  const lastLines = new Set(docstrings.map(({ end }) => lineOf(end)))
  const found = (name: string, start: number): PublicExport => {
    const line = lineOf(start)
    return { name, path, line, isDocumented: lastLines.has(line - 1) }
  }
  const elsewhere = (source: string) => publicExports(join(dirname(path), source), read)
  return program.body.flatMap((statement) => {
    if (statement.type === 'ExportAllDeclaration') return elsewhere(statement.source.value)
    if (statement.type !== 'ExportNamedDeclaration') return []
    const { source, declaration, start } = statement
    if (source !== null) return named(elsewhere(source.value), statement)
    if (declaration === null) throw new Error(`${path}: export ${text.slice(start, statement.end)}`)
    return declaredNames(declaration).flatMap((name) => [
      found(name, start),
      ...publicMethods(declaration).map((method) => found(`${name}.${method.name}`, method.start)),
    ])
  })
}

/** Those of `exports` that `export { … } from` names. */
function named(exports: readonly PublicExport[], { specifiers }: ExportNamedDeclaration) {
  const names = specifiers.map(({ local }) => ('name' in local ? local.name : local.value))
  return exports.filter(({ name }) => names.includes(name.split('.')[0]!))
}

function declaredNames(declaration: Declaration): readonly string[] {
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.map(({ id }) => (id.type === 'Identifier' ? id.name : ''))
  }
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : []
}

/**
 * Interfaces of the language, whose methods need no docstring. Methods of any other interface are
 * documented there.
 */
const LANGUAGE_INTERFACES = ['Disposable', 'AsyncDisposable', 'IterableIterator']

/** Public methods and accessors that no interface documents. */
function publicMethods(declaration: Declaration) {
  if (declaration.type !== 'ClassDeclaration') return []
  const interfaces = (declaration as Class).implements ?? []
  const isLanguage = ({ expression }: (typeof interfaces)[number]) =>
    expression.type === 'Identifier' && LANGUAGE_INTERFACES.includes(expression.name)
  if (!interfaces.every(isLanguage)) return []
  return (declaration as Class).body.body.flatMap((member) => {
    if (member.type !== 'MethodDefinition' || member.kind === 'constructor') return []
    if (member.accessibility === 'private' || member.key.type !== 'Identifier') return []
    return [{ name: member.key.name, start: member.start }]
  })
}
