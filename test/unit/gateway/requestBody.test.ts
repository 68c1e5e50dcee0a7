import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { RequestBody, SlowBodyError } from '../../../src/gateway/requestBody.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';

const pace = { bytes: 1000, withinMs: 60_000 };

/** A body that is taken as it comes, and what became of it. */
function takenBody(begin?: Buffer) {
  const clock = new FakeClock();
  const request = new PassThrough();
  const body = new RequestBody(request, begin, clock, pace);
  const taken: Buffer[] = [];
  const end: { error?: Error; whole?: boolean } = {};
  body.on('data', (chunk: Buffer) => taken.push(chunk));
  body.on('error', (error) => (end.error = error));
  body.on('end', () => (end.whole = true));
  const isGivenUp = (): boolean => end.error instanceof SlowBodyError;
  return { clock, request, body, end, isGivenUp, length: () => Buffer.concat(taken).length };
}

describe('a request’s body', () => {
  it('is given up where it stands still for a minute', async () => {
    const { clock, request, isGivenUp } = takenBody(Buffer.from('begin'));
    request.write('more');
    await turn();
    await clock.advance(59_999);
    assert.equal(isGivenUp(), false);
    await clock.advance(1);
    assert.equal(isGivenUp(), true);
  });

  it('is given up where it only drips, however steadily', async () => {
    const { clock, request, isGivenUp, length } = takenBody();
    for (let second = 0; second < 70 && !isGivenUp(); second += 1) {
      request.write('x'.repeat(16));
      await turn();
      await clock.advance(1000);
    }
    assert.equal(isGivenUp(), true);
    assert.ok(length() <= pace.bytes, `${length()} bytes were waited for`);
  });

  it('may take hours where it comes at its pace', async () => {
    const { clock, request, end, length } = takenBody();
    for (let minute = 0; minute < 180; minute += 1) {
      for (let part = 0; part < 4; part += 1) {
        request.write('x'.repeat(pace.bytes / 4));
        await turn();
        await clock.advance(pace.withinMs / 4 - 1);
      }
    }
    request.end();
    await turn();
    await turn();
    assert.deepEqual(end, { whole: true });
    assert.equal(length(), 180 * pace.bytes);
  });

  it('is not hurried while it is not wanted', async () => {
    const { clock, request, body, end, length } = takenBody();
    await turn();
    body.pause();
    request.write('x'.repeat(100_000));
    await turn();
    await clock.advance(10 * pace.withinMs);
    assert.deepEqual(end, {});
    body.resume();
    request.end();
    for (let turns = 0; turns < 20 && end.whole !== true; turns += 1) await turn();
    assert.deepEqual(end, { whole: true });
    assert.equal(length(), 100_000);
  });
});
