import * as z from 'zod';
import type { ServedRequest } from '../fakes/servedLog.ts';

/** A request as parts that can be compared one by one: `header anthropic-version`, `body model`, `body tools.Bash.name`. */
export type RequestParts = ReadonlyMap<string, string>;

/** What is a hop's own, or announces the length of what differs. */
const hopHeaders: ReadonlySet<string> = new Set(['host', 'connection', 'content-length']);
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const changing: readonly (readonly [RegExp, string])[] = [
  [uuid, 'UUID'],
  [/"device_id\\?":\\?"[0-9a-f]{64}/g, '"device_id":"DEVICE'],
  [/aq home \w{6}/g, 'HOME'],
  [/aq-home-\w{6}/g, 'HOME'],
  [/\b(?:msg|toolu|req)_[0-9A-Za-z]+/g, 'ID'],
  [/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'TRACE'],
];
const systemSchema = z.array(z.looseObject({ text: z.string() }));
type SystemBlocks = z.infer<typeof systemSchema>;
const markSchema = z.looseObject({ cache_control: z.looseObject({ scope: z.unknown().optional() }) });

/** What docs/gateway.md says that Claude Code leaves out, in the words of its requests. */
export const givenUp: readonly string[] = [
  ...['cch', 'cc_prompt_id', 'cc_prompt_index', 'cc_turn_index', 'cc_turn_origin'].map(
    (name) => `- attribution ${name}`,
  ),
  '- beta cache-diagnosis-2026-04-07',
  '- beta mid-conversation-system-clear-at-2026-08-21',
  '- beta prompt-caching-scope-2026-01-05',
  '- beta thinking-binding-controls-2026-08-01',
  '- header x-claude-1p-request-class',
  '- header x-claude-code-prompt-id',
  '- header x-claude-code-request-class',
  '- header x-claude-code-sandy-plover',
  '- header x-client-request-id',
  // See `systemMarks`: the first mark is only at the end of the prompt's first sentence, and for one's own organisation.
  '- system mark 0 scope',
  '~ system mark 0 end',
];

/** A place in the system prompt up to which it is cached. */
export interface SystemMark {
  /** The whole of `cache_control`, and whatever else its block has. */
  readonly mark: z.infer<typeof markSchema>;
  /** What is cached: the prompt as one text from its beginning, without the attribution. */
  readonly text: string;
}

/** Ids, dates and folders are left out of the values. */
export function requestParts({ rawHeaders, body }: ServedRequest): RequestParts {
  const parts = new Map<string, string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (hopHeaders.has(name.toLowerCase())) continue;
    if (name.toLowerCase() !== 'anthropic-beta') parts.set(`header ${name}`, plain(value));
    else for (const beta of value.split(',')) parts.set(`beta ${beta}`, 'on');
  }
  const { system, ...rest } = z.looseObject({ system: systemSchema }).parse(JSON.parse(String(body)));
  addSystem(parts, system);
  flatten(parts, 'body', rest);
  return parts;
}

/** What is cut into blocks in one way or another is compared as one text, and each mark with the place where it is. */
function addSystem(parts: Map<string, string>, [attribution, ...blocks]: SystemBlocks): void {
  for (const [, name = '', value = ''] of attribution?.text.matchAll(/(\w+)=([^;]*);/g) ?? [])
    parts.set(`attribution ${name}`, plain(value));
  parts.set('system text', textOf(blocks));
  for (const [index, { mark, text }] of marksIn(blocks).entries()) {
    const { cache_control, ...others } = mark;
    const { scope, ...control } = cache_control;
    parts.set(`system mark ${index}`, JSON.stringify({ ...others, cache_control: control }));
    parts.set(`system mark ${index} end`, String(text.length));
    if (scope !== undefined) parts.set(`system mark ${index} scope`, JSON.stringify(scope));
  }
}

/** Literally, in order. */
export function systemMarks({ body }: ServedRequest): SystemMark[] {
  const { system } = z.looseObject({ system: systemSchema }).parse(JSON.parse(String(body)));
  return marksIn(system.slice(1));
}

function marksIn(blocks: SystemBlocks): SystemMark[] {
  return blocks.flatMap(({ text: _text, type: _type, ...rest }, index) => {
    const mark = markSchema.safeParse(rest).data;
    return mark === undefined ? [] : [{ mark, text: textOf(blocks.slice(0, index + 1)) }];
  });
}

function textOf(blocks: SystemBlocks): string {
  const text = blocks.map((block) => block.text).join(' ');
  return plain(text.replace(/\s+/g, ' ').trim());
}

function flatten(parts: Map<string, string>, path: string, value: unknown): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const name = z.object({ name: z.string() }).safeParse(item).data?.name;
      flatten(parts, `${path}.${name ?? index}`, item);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) flatten(parts, `${path}.${name}`, item);
  } else {
    parts.set(path, plain(JSON.stringify(value)));
  }
}

function plain(value: string): string {
  return changing.reduce(
    (text, [pattern, replacement]) => text.replaceAll(new RegExp(pattern, 'g'), replacement),
    value,
  );
}

/** The parts in which two requests differ: `-` is in the first alone, `+` in the second alone, `~` in both. */
export function differences(first: RequestParts, second: RequestParts): string[] {
  const names = [...new Set([...first.keys(), ...second.keys()])].sort();
  return names.flatMap((name) => {
    const [one, other] = [first.get(name), second.get(name)];
    if (one === other) return [];
    return [`${one === undefined ? '+' : other === undefined ? '-' : '~'} ${name}`];
  });
}
