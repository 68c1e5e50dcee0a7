const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
/** The longest value that is kept when it comes in pieces, in bytes. */
const longestValue = 256 * 1024;
const longestName = 64;
/** Strings of so many bytes are quicker looked through here than by a native search. */
const shortString = 24;

const nothing: Buffer = Buffer.alloc(0);

/**
 * Reads a few members of a JSON object as its bytes pass, cut anywhere, and keeps none of the others. It trusts the
 * object to be well formed: of one that is not it finds less or nothing. Source: RFC 8259.
 */
export class TopLevelJson {
  readonly #wanted: ReadonlySet<string>;
  readonly #onMember: (name: string, value: unknown) => void;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Whether a string that begins now is a name of the outermost object. */
  #atName = false;
  #name: string | undefined;
  #chunk = nothing;
  /** Where in the chunk the name or value begins that is being kept; undefined when none is. */
  #keptFrom: number | undefined;
  /** What earlier chunks have had of it. */
  #keptBefore: Buffer[] = [];
  #keptBytes = 0;

  constructor(wanted: ReadonlySet<string>, onMember: (name: string, value: unknown) => void) {
    this.#wanted = wanted;
    this.#onMember = onMember;
  }

  push(chunk: Buffer): void {
    this.#chunk = chunk;
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#inString) at = this.#string(at);
      else this.#plainByte(chunk[at] ?? 0, at);
    }
    this.#keepForLater();
  }

  /** @returns where the string ends, or the chunk's length. */
  #string(from: number): number {
    const end = this.#endOfString(from);
    if (end === this.#chunk.length) return end;
    this.#inString = false;
    if (this.#atName) this.#name = this.#take(end);
    return end;
  }

  /** A quote ends a string unless an odd number of backslashes precedes it. */
  #endOfString(from: number): number {
    const chunk = this.#chunk;
    let at = from;
    const near = Math.min(chunk.length, from + shortString);
    for (; at < near; at += 1) {
      if (this.#escaped) this.#escaped = false;
      else if (chunk[at] === QUOTE) return at;
      else this.#escaped = chunk[at] === BACKSLASH;
    }
    if (this.#escaped && at < chunk.length) {
      this.#escaped = false;
      at += 1;
    }
    for (let quote = chunk.indexOf(QUOTE, at); quote !== -1; quote = chunk.indexOf(QUOTE, at)) {
      if (!isOdd(this.#backslashesBefore(quote, at))) return quote;
      at = quote + 1;
    }
    if (at < chunk.length) this.#escaped = isOdd(this.#backslashesBefore(chunk.length, at));
    return chunk.length;
  }

  #backslashesBefore(end: number, from: number): number {
    let at = end;
    while (at > from && this.#chunk[at - 1] === BACKSLASH) at -= 1;
    return end - at;
  }

  #plainByte(byte: number, at: number): void {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (this.#atName) this.#keptFrom = at + 1;
        return;
      case 0x7b: // {
      case 0x5b: // [
        this.#depth += 1;
        if (this.#depth === 1) this.#atName = byte === 0x7b;
        return;
      case 0x7d: // }
      case 0x5d: // ]
        if (this.#depth === 1) this.#member(at);
        this.#depth -= 1;
        return;
      case COMMA:
        if (this.#depth !== 1) return;
        this.#member(at);
        this.#atName = true;
        return;
      case COLON:
        if (this.#depth !== 1) return;
        this.#atName = false;
        this.#keptFrom = this.#name !== undefined && this.#wanted.has(this.#name) ? at + 1 : undefined;
    }
  }

  #keepForLater(): void {
    if (this.#keptFrom === undefined) return;
    const piece = this.#chunk.subarray(this.#keptFrom);
    this.#keptFrom = 0;
    this.#keptBefore.push(piece);
    this.#keptBytes += piece.length;
    if (this.#keptBytes <= (this.#atName ? longestName : longestValue)) return;
    this.#forget();
  }

  #take(end: number): string | undefined {
    const [from, before] = [this.#keptFrom, this.#keptBefore];
    if (from === undefined) return undefined;
    this.#forget();
    if (before.length === 0) return this.#chunk.toString('utf8', from, end);
    return Buffer.concat([...before, this.#chunk.subarray(from, end)]).toString('utf8');
  }

  #forget(): void {
    this.#keptFrom = undefined;
    if (this.#keptBytes > 0) this.#keptBefore = [];
    this.#keptBytes = 0;
  }

  #member(end: number): void {
    const name = this.#name;
    const text = this.#take(end);
    this.#name = undefined;
    if (name === undefined || text === undefined) return;
    try {
      this.#onMember(name, JSON.parse(text));
    } catch {
      // Not JSON: there is nothing to read.
    }
  }
}

function isOdd(count: number): boolean {
  return count % 2 === 1;
}
