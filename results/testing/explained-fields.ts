/** Compares the fields of a JSON Schema with those that a document explains, path by path. */

export interface SchemaNode {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | false
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

/** Paths of named fields and of records' members (`.*`). Array items are written `[]`. */
export function pathsOf(node: SchemaNode, base: string): readonly string[] {
  const below = (child: SchemaNode, path: string) => [path, ...pathsOf(child, path)]
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
      below(child, base === '' ? key : `${base}.${key}`),
    ),
    ...(typeof node.additionalProperties === 'object'
      ? below(node.additionalProperties, `${base}.*`)
      : []),
    ...(node.items === undefined ? [] : pathsOf(node.items, `${base}[]`)),
    ...(node.anyOf ?? []).flatMap((choice) => pathsOf(choice, base)),
  ]
}

/** Each `## ` heading names an object (`{a,b}`: several); each table row explains a field of it. */
export function explainedPaths(readme: string): readonly string[] {
  let bases: readonly string[] = []
  const paths: string[] = []
  for (const line of readme.split('\n')) {
    const heading = /^## `(.+)`$/.exec(line)?.[1]
    if (heading !== undefined) bases = heading === '(document)' ? [''] : alternatives(heading)
    const field = /^\| `([^`]+)` \| \S/.exec(line)?.[1]
    if (field === undefined) continue
    paths.push(...bases.map((base) => (base === '' ? field : `${base}.${field}`)))
  }
  return paths.sort()
}

function alternatives(text: string): readonly string[] {
  const match = /^(.*)\{(.+)\}(.*)$/.exec(text)
  return match === null ? [text] : match[2]!.split(',').map((name) => match[1]! + name + match[3]!)
}
