import { readSync } from 'node:fs';
import { usageMarker } from './parseTranscriptLine.ts';

const LINE_BREAK = 0x0a;
/** Read at once, in bytes. */
const chunkBytes = 1024 * 1024;
/** A longer line is passed over: no answer of the API is so long. */
const longestLineBytes = 64 * 1024 * 1024;

/** Fresh memory for each file would take longer than to read it. */
const spareBuffer = Buffer.allocUnsafe(chunkBytes);

/** The lines of a file that may say what was used. The others are looked through for that and nothing else. */
export class UsageLines {
  readonly #onLine: (line: Buffer, offset: number) => boolean;
  #buffer = spareBuffer;

  /** @param onLine is given a line, valid until it returns, and where it begins. @returns whether it is a whole one. */
  constructor(onLine: (line: Buffer, offset: number) => boolean) {
    this.#onLine = onLine;
  }

  /**
   * Reads a file from where a line begins to its end.
   * @param file its descriptor.
   * @param most stops after about so many bytes.
   * @returns where the first line begins that is not whole yet, or was not come to. A last line without a line break
   * counts once it is whole.
   */
  read(file: number, from: number, most = Infinity): { readonly offset: number; readonly isAtEnd: boolean } {
    let at = from;
    let held = 0;
    let passingOver = false;
    for (;;) {
      this.#makeRoom(held);
      const bytesRead = readSync(file, this.#buffer, held, this.#buffer.length - held, at + held);
      const end = held + bytesRead;
      const whole = this.#buffer.subarray(0, end).lastIndexOf(LINE_BREAK) + 1;
      const begin = passingOver ? this.#buffer.indexOf(LINE_BREAK) + 1 : 0;
      if (whole > 0) {
        passingOver = false;
        this.#take(begin, whole, at);
      }
      held = end - whole;
      at += whole;
      if (bytesRead === 0) return { offset: passingOver ? at : at + this.#lastLine(held, at), isAtEnd: true };
      if (at - from >= most && !passingOver) return { offset: at, isAtEnd: false };
      this.#buffer.copyWithin(0, whole, end);
      if (passingOver || held > longestLineBytes) {
        passingOver = true;
        at += held;
        held = 0;
      }
    }
  }

  #makeRoom(held: number): void {
    if (this.#buffer.length - held >= chunkBytes / 2) return;
    const larger = Buffer.allocUnsafe(Math.max(chunkBytes, held * 2));
    this.#buffer.copy(larger, 0, 0, held);
    this.#buffer = larger;
  }

  #take(begin: number, end: number, offset: number): void {
    const lines = this.#buffer.subarray(0, end);
    let next = begin;
    for (;;) {
      const marker = lines.indexOf(usageMarker, next);
      if (marker === -1) return;
      const start = Math.max(next, lines.lastIndexOf(LINE_BREAK, marker) + 1);
      next = lines.indexOf(LINE_BREAK, marker) + 1;
      this.#onLine(lines.subarray(start, next - 1), offset + start);
    }
  }

  /** @returns the length of the line that is last, if it is whole. */
  #lastLine(length: number, offset: number): number {
    const line = this.#buffer.subarray(0, length);
    return line.includes(usageMarker) && this.#onLine(line, offset) ? length : 0;
  }
}
