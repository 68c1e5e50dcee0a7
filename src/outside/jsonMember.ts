import { applyEdits, type Edit, findNodeAtLocation, modify, type Node, type ParseError, parseTree } from 'jsonc-parser';

/** Why a file is not changed, for its user. */
export class UnusableText extends Error {
  override readonly name = 'UnusableText';
}

/** A member's value; absent is not the same as undefined anywhere in JSON, so it has a form of its own. */
export type Member = { readonly kind: 'absent' } | { readonly kind: 'present'; readonly value: unknown };

const mark = '\uFEFF';

/**
 * A member of an object, of a file that may have comments and trailing commas.
 * @param path the names that lead to it, at least one.
 * @throws {UnusableText} for what is no JSON, or is no object where the path goes through.
 */
export function memberOf(text: string, path: readonly string[]): Member {
  const root = parsed(text);
  checkPath(root, path);
  const node = findNodeAtLocation(root, [...path]);
  return node === undefined ? { kind: 'absent' } : { kind: 'present', value: valueOf(node) };
}

/**
 * The text with one member changed and every other character as it is, comments and indentation too.
 * @param value a text; undefined takes the member out.
 * @throws {UnusableText} as {@link memberOf}.
 */
export function withMember(text: string, path: readonly string[], value: unknown): string {
  const bare = text.startsWith(mark) ? text.slice(1) : text;
  const root = parsed(text);
  checkPath(root, path);
  const isNew = value !== undefined && findNodeAtLocation(root, [...path]) === undefined;
  // jsonc-parser would also format the members beside a new one.
  const edits = isNew ? [insertion(bare, root, path, value)] : modify(bare, [...path], value, {});
  return `${text.slice(0, text.length - bare.length)}${applyEdits(bare, edits)}`;
}

/** A new member behind the last one, written as that is. */
function insertion(text: string, root: Node, path: readonly string[], value: unknown): Edit {
  const known = path.findIndex((_name, index) => findNodeAtLocation(root, path.slice(0, index + 1)) === undefined);
  const object = known === 0 ? root : findNodeAtLocation(root, path.slice(0, known));
  if (object === undefined) throw new UnusableText('It has no place for the setting.');
  const { unit, eol } = styleOf(text);
  const last = object.children?.at(-1);
  const ownIndent = indentOf(text, object.offset);
  const indent = last === undefined ? ownIndent + unit : indentOf(text, last.offset);
  const member = memberText(path.slice(known), value, { indent, unit, eol });
  if (last === undefined)
    return { offset: object.offset + 1, length: 0, content: `${eol}${indent}${member}${eol}${ownIndent}` };
  const lineStart = text.lastIndexOf('\n', last.offset - 1) + 1;
  const isOnItsLine = text.slice(lineStart, last.offset).trim() === '' && text.slice(0, last.offset).includes('\n');
  return { offset: last.offset + last.length, length: 0, content: `,${isOnItsLine ? eol + indent : ' '}${member}` };
}

interface Style {
  readonly unit: string;
  readonly eol: string;
}

function memberText(path: readonly string[], value: unknown, style: Style & { readonly indent: string }): string {
  const [name, ...rest] = path;
  const { indent, unit, eol } = style;
  if (rest.length === 0) return `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  const inner = memberText(rest, value, { ...style, indent: indent + unit });
  return `${JSON.stringify(name)}: {${eol}${indent}${unit}${inner}${eol}${indent}}`;
}

/** The white space that a line begins with. */
function indentOf(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

/** As the file is written: its first indentation and its line ends. */
function styleOf(text: string): Style {
  const unit = /^[ \t]+(?=["}/])/m.exec(text)?.[0] ?? '  ';
  return { unit: unit.startsWith('\t') ? '\t' : unit, eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

function parsed(text: string): Node {
  const bare = text.startsWith(mark) ? text.slice(1) : text;
  const errors: ParseError[] = [];
  const root = parseTree(bare, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (root === undefined || first !== undefined) {
    const line = bare.slice(0, first?.offset ?? 0).split('\n').length;
    throw new UnusableText(`It is no valid JSON (line ${line}).`);
  }
  return root;
}

/** A name that is there twice would be read by one program here and by another there. */
function checkPath(root: Node, path: readonly string[]): void {
  let at: Node | undefined = root;
  for (const [index, name] of path.entries()) {
    if (at === undefined) return;
    const where = index === 0 ? 'It' : `Its "${path.slice(0, index).join('.')}"`;
    if (at.type !== 'object') throw new UnusableText(`${where} is no JSON object.`);
    const members: Node[] = (at.children ?? []).filter(({ children }) => children?.[0]?.value === name);
    if (members.length > 1) throw new UnusableText(`${where} has "${name}" twice.`);
    at = members[0]?.children?.[1];
  }
}

function valueOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueOf);
  if (node.type !== 'object') return node.value as unknown;
  const members = (node.children ?? []).map(({ children }): [string, unknown] => {
    const [name, value] = children ?? [];
    return [String(name?.value), value === undefined ? undefined : valueOf(value)];
  });
  return Object.fromEntries(members);
}
