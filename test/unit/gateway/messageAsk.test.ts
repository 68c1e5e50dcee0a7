import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readMessageAsk } from '../../../src/gateway/messageAsk.ts';

const read = (text: string, isWhole = false): ReturnType<typeof readMessageAsk> =>
  readMessageAsk(Buffer.from(text), isWhole);

/** Of a whole body, by JSON.parse. */
function truth(body: Readonly<Record<string, unknown>>): ReturnType<typeof readMessageAsk> {
  const { model, max_tokens: count } = body;
  return {
    ...(typeof model === 'string' && model !== '' && model.length <= 200 && { model }),
    ...(Number.isSafeInteger(count) && Number(count) > 0 && { maxTokens: Number(count) }),
  };
}

const members = fc.dictionary(
  fc.oneof(fc.constantFrom('model', 'max_tokens', 'messages', 'system', 'mod"el', '"max_tokens"'), fc.string()),
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.nat(),
    fc.jsonValue(),
    fc.record({ model: fc.string(), max_tokens: fc.nat() }),
    fc.constantFrom('"model":"no"', '\\', '🎉"', 1e300, -1, 1.5, '{"model":"no","max_tokens":7}'),
  ),
);

describe('readMessageAsk', () => {
  it('reads what Claude Code and the SDK send', () => {
    assert.deepEqual(read('{"model":"claude-opus-4-1","messages":[{"role":"user","content":"…'), {
      model: 'claude-opus-4-1',
    });
    assert.deepEqual(read('{ "max_tokens" : 1024,\n "messages":[{"content":"x"}], "model":"m"\n}'), {
      model: 'm',
      maxTokens: 1024,
    });
  });

  it('takes no nested or quoted member, and no half value', () => {
    for (const body of [
      '{"messages":[{"model":"no","max_tokens":1}],',
      '{"system":"\\"model\\":\\"no\\",","tools":{"model":"no"},',
      '{"metadata":{"max_tokens":{"model":"no"}},"messages":["model","no"],',
      '{"model":"claude-opus',
      '{"model":"claude-opus"',
      '{"max_tokens":10',
      '["model","no",{"model":"no"},',
      '{"model":{"model":"no"},"max_tokens":"10",',
      '{"model":"","max_tokens":0,',
      '',
      'model',
    ]) {
      assert.deepEqual(read(body), {}, body);
    }
  });

  it('says what JSON.parse says, or nothing, of any body cut anywhere', () => {
    fc.assert(
      fc.property(
        members,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 2 }),
        (body, at, space) => {
          const whole = Buffer.from(JSON.stringify(body, undefined, space));
          assert.deepEqual(readMessageAsk(whole, true), truth(body));
          assert.deepEqual(readMessageAsk(whole, false), truth(body));
          const found = readMessageAsk(whole.subarray(0, Math.floor(at * whole.length)), false);
          assert.deepEqual({ ...truth(body), ...found }, truth(body));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const isWhole of [true, false]) {
          readMessageAsk(Buffer.concat([Buffer.from('{"model":'), bytes, Buffer.from('"max_tokens"')]), isWhole);
          readMessageAsk(Buffer.concat([Buffer.from('{'), bytes, Buffer.from('"max_tokens":5}')]), isWhole);
        }
      }),
    );
  });

  it('finds both behind and before long messages, from either end', () => {
    const messages = `"messages":[{"content":"${'with \\"quotes\\" \\n'.repeat(3000)}"}]`;
    for (const isWhole of [true, false]) {
      for (const body of [
        `{${messages},"model":"m","max_tokens":5}`,
        `{"model":"m",${messages},"max_tokens":5}`,
        `{"model":"m","max_tokens":5,${messages}}`,
        `{"model":"m",${messages},"max_tokens":5,"stream":true,"tools":[{"properties":{"max_tokens":1}}]}\n`,
      ]) {
        assert.deepEqual(read(body, isWhole), { model: 'm', maxTokens: 5 }, `${body.slice(0, 30)} ${isWhole}`);
      }
    }
  });

  it('takes no nested or quoted member of a whole body, nor a value that is none', () => {
    for (const body of [
      '{"messages":[{"model":"no","max_tokens":1}]}',
      '{"system":"\\"model\\":\\"no\\",","tools":{"model":"no"}}',
      '{"metadata":{"max_tokens":{"model":"no"}},"messages":["model","no",":"]}',
      '["model","no",{"model":"no"}]',
      '{"model":{"model":"no"},"max_tokens":"10"}',
      '{"system":"\\\\","messages":[{"model":"no\\\\"}]}',
      '{}',
      '',
    ]) {
      assert.deepEqual(read(body, true), {}, body);
    }
  });
});
