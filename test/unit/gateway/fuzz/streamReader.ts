import { guardRequest, mostHeaderLines } from '../../../../src/loopback/requestGuard.ts';
import { readTarget } from '../../../../src/gateway/requestTarget.ts';
import { sessionTokenOf } from '../../../../src/gateway/sessionToken.ts';
import { liveToken } from '../fakeAdmission.ts';

/** A request as a strict reader of RFC 9112 finds it in a stream of bytes. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What has come of it. */
  readonly body: Buffer;
  readonly complete: boolean;
  /** The path that the upstream is to be asked for; undefined when the gateway has to refuse the request. */
  readonly path: string | undefined;
}

/** All that a client sends on one connection, as a strict reader understands it. */
export interface ReadStream {
  readonly requests: readonly ReadRequest[];
  /** Whether the stream is these requests, whole, and nothing else. */
  readonly clean: boolean;
}

interface Head extends Omit<ReadRequest, 'body' | 'complete' | 'path'> {
  readonly version: string;
  /** Where the body begins. */
  readonly end: number;
}

const requestLine = /^([A-Z-]+) +(\S+) +HTTP\/(\d\.\d)$/;
/** Node's parser takes these for HTTP/1.0 without a word; what goes upstream is HTTP/1.1 all the same. */
const rtspLine = /^(GET|POST|OPTIONS) +(\S+) +RTSP\/(1\.0)$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
/** What a trailer must not be (RFC 9110 §6.5.1). */
const framing = /^(?:content-length|transfer-encoding)$/i;
/** Node's own bound on chunk extensions, which the gateway throws away. */
const longestChunkLine = 16 * 1024;
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quoted = '"[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]*"';
const chunkLine = new RegExp(`^([0-9a-fA-F]{1,13})(?:;${token}(?:=(?:${token}|${quoted}))?)*$`);

/** Extensions that are none by the grammar, of which Node's parser takes some and refuses others. */
const looseChunkLine = /^([0-9a-fA-F]{1,13});[^\r\n]*$/;

/**
 * Reads a stream as RFC 9112 has it, up to the first thing that is not of HTTP/1.1 or that two readers might understand
 * differently.
 * @param port the gateway's own.
 */
export function readStream(bytes: Buffer, port: number): ReadStream {
  const text = bytes.toString('latin1');
  const requests: ReadRequest[] = [];
  let at = 0;
  let certain = true;
  for (;;) {
    // Empty lines before a request are passed over (RFC 9112 §2.2), by Node's parser also halves of them.
    while (/[\r\n]/.test(text.charAt(at))) at += 1;
    if (at === text.length) return { requests, clean: certain && requests.every(({ path }) => path !== undefined) };
    const head = readHead(text, at);
    if (head === undefined) return { requests, clean: false };
    const body = readBody(text, head);
    if (body === undefined) return { requests, clean: false };
    const { method, target, headers } = head;
    const token = readToken(head, port);
    // A refusal by the head alone ends the connection: nothing behind it is served.
    if (token === undefined) return { requests, clean: false };
    const path = token.value === liveToken && !token.path.includes(liveToken) ? token.path : undefined;
    requests.push({ method, target, headers, path, body: Buffer.from(body.text, 'latin1'), complete: body.complete });
    if (!body.complete) return { requests, clean: false };
    at = body.end;
    if (body.doubtful === true) certain = false;
    if (closes(head)) {
      const clean = certain && at === text.length && requests.every((request) => request.path !== undefined);
      return { requests, clean };
    }
    // Such a connection is kept only if the answer has a length.
    if (head.version === '1.0') certain = false;
  }
}

function readHead(text: string, start: number): Head | undefined {
  const end = text.indexOf('\r\n\r\n', start);
  if (end === -1 || end - start > 30_000) return undefined;
  const [first = '', ...lines] = text.slice(start, end).split('\r\n');
  const parsed = requestLine.exec(first) ?? rtspLine.exec(first);
  if (parsed === null) return undefined;
  const headers: [string, string][] = [];
  for (const line of lines) {
    const header = headerLine.exec(line);
    if (header === null) return undefined;
    headers.push([header[1] ?? '', header[2] ?? '']);
  }
  const [, method = '', target = '', version = ''] = parsed;
  return { method, target, version, headers, end: end + 4 };
}

interface Body {
  readonly text: string;
  readonly complete: boolean;
  readonly end: number;
  /** Whether it may be refused all the same. */
  readonly doubtful?: boolean;
}

/** @returns undefined when it is unclear where the body ends. */
function readBody(text: string, head: Head): Body | undefined {
  const lengths = valuesOf(head, 'content-length');
  const codings = valuesOf(head, 'transfer-encoding');
  if (codings.length > 0) {
    const plain = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked';
    if (!plain || lengths.length > 0 || head.version !== '1.1') return undefined;
    return readChunks(text, head.end);
  }
  if (lengths.length > 1) return undefined;
  const [length = '0'] = lengths;
  if (!/^\d{1,19}$/.test(length)) return undefined;
  const end = head.end + Number(length);
  return { text: text.slice(head.end, end), complete: end <= text.length, end };
}

function readChunks(text: string, start: number): Body | undefined {
  let body = '';
  let at = start;
  let doubtful = false;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return { text: body, complete: false, end: text.length };
    const written = text.slice(at, lineEnd);
    const strict = chunkLine.exec(written);
    doubtful ||= strict === null;
    const line = strict ?? looseChunkLine.exec(written);
    if (line === null || lineEnd - at > longestChunkLine) return { text: body, complete: false, end: text.length };
    const size = Number.parseInt(line[1] ?? '', 16);
    at = lineEnd + 2;
    if (size === 0) return { ...readTrailers(text, at, body), doubtful };
    body += text.slice(at, at + size);
    at += size;
    if (!text.startsWith('\r\n', at)) return { text: body, complete: false, end: text.length };
    at += 2;
  }
}

function readTrailers(text: string, start: number, body: string): Body {
  let at = start;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end === at) return { text: body, complete: true, end: at + 2 };
    const trailer = headerLine.exec(text.slice(at, Math.max(at, end)));
    if (trailer === null || framing.test(trailer[1] ?? '')) return { text: body, complete: false, end: text.length };
    at = end + 2;
  }
}

/** The rules of who is refused are tested by themselves; here it is shown that nothing gets past them. */
function readToken(
  { method, version, target, headers }: Head,
  port: number,
): { value: string; path: string } | undefined {
  const rawHeaders = headers.slice(0, mostHeaderLines).flat();
  if (guardRequest({ method, httpVersion: version, rawHeaders }, port) !== undefined) return undefined;
  const read = readTarget(target);
  if (read.kind === 'refused') return undefined;
  const value = read.token ?? sessionTokenOf(rawHeaders);
  return value === undefined ? undefined : { value, path: read.path };
}

function closes(head: Head): boolean {
  const options = valuesOf(head, 'connection').flatMap((value) => value.toLowerCase().split(/[\s,]+/));
  return options.includes('close') || (head.version === '1.0' && !options.includes('keep-alive'));
}

function valuesOf({ headers }: Pick<Head, 'headers'>, wanted: string): string[] {
  return headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}
