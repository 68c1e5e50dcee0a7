import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TopLevelJson } from '../../../src/gateway/topLevelJson.ts';

/** Strings full of what ends strings or seems to, longer than what is looked through byte by byte. */
const text = fc
  .array(fc.constantFrom('"', '\\', '\\"', 'plain text of some length', '🎉', '{', '}', ',', ':', '\u0000'), {
    maxLength: 30,
  })
  .map((parts) => parts.join(''));
const value = fc.oneof(text, fc.jsonValue(), fc.array(text), fc.dictionary(fc.constantFrom('a', 'b', 'c'), text));
const body = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', 'c'), text), value);

/** Reads members `a` and `b` of a body that comes in pieces of the given lengths, over and over. */
function read(bytes: Buffer, lengths: readonly number[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const json = new TopLevelJson(new Set(['a', 'b']), (name, member) => {
    found[name] = member;
  });
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    json.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

describe('TopLevelJson', () => {
  it('finds what JSON.parse finds, however the body is cut', () => {
    fc.assert(
      fc.property(
        body,
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        fc.integer({ min: 0, max: 2 }),
        (members, lengths, space) => {
          const json = JSON.stringify(members, undefined, space);
          const parsed = JSON.parse(json) as Record<string, unknown>;
          const truth = Object.fromEntries(['a', 'b'].flatMap((key) => (key in parsed ? [[key, parsed[key]]] : [])));
          assert.deepEqual(read(Buffer.from(json), lengths), truth);
          assert.deepEqual(read(Buffer.from(json), [json.length * 4]), truth);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps no value of endless length', () => {
    const json = `{"a":"${'x'.repeat(300_000)}","b":1}`;
    assert.deepEqual(read(Buffer.from(json), [1000]), { b: 1 });
  });
});
