const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
/** The longest value that is kept, in bytes. */
const longestValue = 64 * 1024;
const longestName = 64;

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
  /** The bytes of the name or value that is being read. */
  #kept: number[] | undefined;

  constructor(wanted: ReadonlySet<string>, onMember: (name: string, value: unknown) => void) {
    this.#wanted = wanted;
    this.#onMember = onMember;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#inString) at = this.#skip(chunk, at);
      const byte = chunk[at] ?? 0;
      if (this.#inString) this.#stringByte(byte);
      else this.#plainByte(byte);
    }
  }

  /** Of a string that is not kept only its end matters, and a backslash before it. */
  #skip(chunk: Buffer, from: number): number {
    if (this.#escaped || this.#kept !== undefined) return from;
    let at = from;
    while (at < chunk.length - 1 && chunk[at] !== QUOTE && chunk[at] !== BACKSLASH) at += 1;
    return at;
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#atName) {
        this.#name = this.#take();
        return;
      }
    }
    this.#keep(byte);
  }

  #plainByte(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (this.#atName) this.#kept = [];
        else this.#keep(byte);
        return;
      case 0x7b: // {
      case 0x5b: // [
        this.#keep(byte);
        this.#depth += 1;
        if (this.#depth === 1) this.#atName = byte === 0x7b;
        return;
      case 0x7d: // }
      case 0x5d: // ]
        if (this.#depth === 1) this.#member();
        else this.#keep(byte);
        this.#depth -= 1;
        return;
      case COMMA:
        if (this.#depth !== 1) break;
        this.#member();
        this.#atName = true;
        return;
      case COLON:
        if (this.#depth !== 1) break;
        this.#atName = false;
        this.#kept = this.#name !== undefined && this.#wanted.has(this.#name) ? [] : undefined;
        return;
    }
    this.#keep(byte);
  }

  #keep(byte: number): void {
    if (this.#kept === undefined) return;
    if (this.#kept.length < (this.#atName ? longestName : longestValue)) this.#kept.push(byte);
    else this.#kept = undefined;
  }

  #take(): string | undefined {
    const bytes = this.#kept;
    this.#kept = undefined;
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  }

  #member(): void {
    const name = this.#name;
    const text = this.#take();
    this.#name = undefined;
    if (name === undefined || text === undefined) return;
    try {
      this.#onMember(name, JSON.parse(text));
    } catch {
      // Not JSON: there is nothing to read.
    }
  }
}
