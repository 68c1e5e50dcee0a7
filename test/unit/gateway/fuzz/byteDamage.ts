import type { Dice } from './dice.ts';

/** Bytes that mean something to a reader of HTTP. */
const telling = Buffer.from('\r\n\t\0 :;,/?#%\\"0123456789abcdefxX\x7f\x80\xff', 'latin1');

const kinds: readonly ((dice: Dice, bytes: Buffer) => Buffer)[] = [
  // A bit.
  (dice, bytes) => {
    const copy = Buffer.from(bytes);
    const at = dice.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << dice.below(8));
    return copy;
  },
  // Another byte in the place of one.
  (dice, bytes) => {
    const copy = Buffer.from(bytes);
    copy[dice.below(copy.length)] = dice.of([...telling]);
    return copy;
  },
  // One more byte.
  (dice, bytes) => {
    const at = dice.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), Buffer.of(dice.of([...telling])), bytes.subarray(at)]);
  },
  // A stretch left out.
  (dice, bytes) => {
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(12))]);
  },
  // A stretch twice.
  (dice, bytes) => {
    const at = dice.below(bytes.length);
    const end = at + 1 + dice.below(40);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  },
  // The end missing.
  (dice, bytes) => bytes.subarray(0, dice.below(bytes.length)),
  // A line end of another kind.
  (dice, bytes) => {
    const ends = [...bytes.toString('latin1').matchAll(/\r\n/g)];
    if (ends.length === 0) return bytes;
    const { index } = dice.of(ends);
    const other = Buffer.from(dice.of(['\n', '\r', '\r\r\n', '\n\r', '\r\n ', '\r\n\r\n', '']), 'latin1');
    return Buffer.concat([bytes.subarray(0, index), other, bytes.subarray(index + 2)]);
  },
];

/** Changes one to four things in a stream without a regard for what it means. */
export function damageBytes(dice: Dice, bytes: Buffer): Buffer {
  let damaged = bytes;
  for (let left = 1 + dice.below(4); left > 0 && damaged.length > 0; left -= 1) {
    damaged = dice.of(kinds)(dice, damaged);
  }
  return damaged;
}
