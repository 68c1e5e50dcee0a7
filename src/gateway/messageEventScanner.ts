/** The events of a streamed message that say what it uses; all others pass unread. */
const wanted: ReadonlySet<string> = new Set(['message_start', 'message_delta', 'error']);
const wantedSomewhere = new RegExp([...wanted].join('|'));
const eventEnd = '\n\n';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** The longest line and the most data of one event that are kept, in bytes. */
const mostKept = 1024 * 1024;

/**
 * Finds the events that matter in a stream of server-sent events, cut anywhere between two bytes. Lines are cut as
 * bytes and decoded whole, so that no character is ever torn. Lines end with LF or CRLF (the standard's lone CR is in
 * no stream of JSON). Source: WHATWG HTML, "Server-sent events"; API documentation, "Streaming messages".
 */
export class MessageEventScanner {
  readonly #onEvent: (data: unknown) => void;
  /** The begin of a line whose end has not come. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #name = '';
  #data = '';

  /** @param onEvent is given the parsed data of each event that matters. */
  constructor(onEvent: (data: unknown) => void) {
    this.#onEvent = onEvent;
  }

  push(chunk: Buffer): void {
    let start = this.#isBetweenEvents() ? lengthOfOthers(chunk) : 0;
    for (let end = chunk.indexOf(LINE_FEED, start); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const rest = chunk.subarray(start, end);
      this.#line(this.#begunBytes === 0 ? rest : this.#completed(rest));
      start = end + 1;
    }
    if (start < chunk.length) this.#begin(chunk.subarray(start));
  }

  /** The stream has ended or was cut; an event that came whole but for its blank line counts. */
  end(): void {
    if (this.#begunBytes > 0) this.#line(this.#completed(Buffer.alloc(0)));
    this.#dispatch();
  }

  #isBetweenEvents(): boolean {
    return this.#begunBytes === 0 && this.#name === '' && this.#data === '';
  }

  #begin(part: Buffer): void {
    this.#begunBytes += part.length;
    if (this.#begunBytes <= mostKept) this.#begun.push(part);
    else this.#begun = [];
  }

  #completed(rest: Buffer): Buffer {
    const tooLong = this.#begunBytes + rest.length > mostKept;
    const line = tooLong ? Buffer.alloc(1) : Buffer.concat([...this.#begun, rest]);
    this.#begun = [];
    this.#begunBytes = 0;
    return line;
  }

  #line(bytes: Buffer): void {
    const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
    if (line.length === 0) this.#dispatch();
    else if (line[0] === 0x65 /* e */) this.#name = fieldOf(line, 'event') ?? this.#name;
    else if (line[0] === 0x64 /* d */ && (this.#name === '' || wanted.has(this.#name))) this.#takeData(line);
  }

  #takeData(line: Buffer): void {
    if (this.#data.length + line.length > mostKept) return;
    const data = fieldOf(line, 'data');
    if (data !== undefined) this.#data += this.#data === '' ? data : `\n${data}`;
  }

  #dispatch(): void {
    const data = this.#data;
    const matters = this.#name === '' || wanted.has(this.#name);
    this.#name = '';
    this.#data = '';
    if (data === '' || !matters) return;
    let parsed: unknown;
    try {
      parsed = JSON.parse(data);
    } catch {
      return;
    }
    this.#onEvent(parsed);
  }
}

/**
 * How many bytes at the begin of a chunk are whole events that do not matter. Every event that matters has its type in
 * its data, and most chunks have none: a search finds that out many times quicker than reading lines does.
 */
function lengthOfOthers(chunk: Buffer): number {
  const text = chunk.toString('latin1');
  const lastEnd = wantedSomewhere.test(text) ? -1 : text.lastIndexOf(eventEnd);
  return lastEnd === -1 ? 0 : lastEnd + eventEnd.length;
}

/** The value of a line `name: value`; undefined when it is another field. */
function fieldOf(line: Buffer, name: string): string | undefined {
  const colon = line.indexOf(0x3a);
  if (colon !== name.length || line.toString('latin1', 0, colon) !== name) return undefined;
  return line.toString('utf8', line[colon + 1] === 0x20 ? colon + 2 : colon + 1);
}
