import { RandomSource } from '../../../../bench/quota/randomSource.ts';
import { liveToken } from '../fakeAdmission.ts';
import { damageBytes } from './byteDamage.ts';
import { Dice } from './dice.ts';
import { randomStream } from './randomStreams.ts';
import { encodeRequest, nearMisses, plainRequest, type RequestParts } from './requestParts.ts';
import { mutateRequest } from './requestMutations.ts';

/** One client's connection to the gateway. */
export interface FuzzAttempt {
  /** What it is, for people. */
  readonly kind: string;
  /** Written one after the other. */
  readonly pieces: readonly Buffer[];
  /** What the client does when all is written: waits for its answers, ends its side, or resets the connection. */
  readonly ending: 'stay' | 'halfClose' | 'reset';
}

/** The attempt of this number; the same for the same seed. */
export function fuzzAttempt(seed: string, index: number, port: number): FuzzAttempt {
  const canonical = splitCanonically(index, port);
  if (canonical !== undefined) return canonical;
  const dice = new Dice(new RandomSource(`${seed} ${index}`));
  if (dice.chance(0.12)) return { kind: 'no HTTP', pieces: [randomStream(dice)], ending: anyEnding(dice) };
  const token = dice.chance(0.5) ? liveToken : dice.of(nearMisses);
  const mutation = dice.weighted({ none: 25, request: 40, bytes: 35 });
  const count = dice.chance(0.3) ? 2 + dice.below(3) : 1;
  const mutated = dice.below(count);
  const marks: string[] = [];
  const requests = Array.from({ length: count }, (_, at) => {
    const parts = plainRequest(dice, port, token, `${index}-${at}`);
    const isMutated = mutation === 'request' && at === mutated;
    return encodeRequest(isMutated ? mutateMore(dice, parts, port, marks) : parts);
  });
  const whole = Buffer.concat(requests);
  const bytes = mutation === 'bytes' ? damageBytes(dice, whole) : whole;
  return {
    kind: [`${count} requests`, `mutation ${mutation}`, ...marks].join(', '),
    pieces: cut(dice, bytes),
    ending: anyEnding(dice),
  };
}

function mutateMore(dice: Dice, parts: RequestParts, port: number, marks: string[]): RequestParts {
  let mutated = parts;
  do {
    const { name, result } = mutateRequest(dice, mutated, port);
    marks.push(name);
    mutated = result;
  } while (dice.chance(0.3));
  return mutated;
}

/** The first attempts cut one good request at each of its bytes. */
function splitCanonically(index: number, port: number): FuzzAttempt | undefined {
  const body = '7;ext=1\r\n{"a":1}\r\n00\r\nx-trailer: 1\r\n\r\n';
  const bytes = Buffer.from(
    `POST /v1/messages?n=split-${index} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Api-Key: ${liveToken}\r\n` +
      `Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n${body}`,
  );
  if (index >= bytes.length - 1) return undefined;
  const pieces = [bytes.subarray(0, index + 1), bytes.subarray(index + 1)];
  return { kind: `split after ${index + 1} bytes`, pieces, ending: 'stay' };
}

function anyEnding(dice: Dice): FuzzAttempt['ending'] {
  return dice.weighted({ stay: 75, halfClose: 12, reset: 13 });
}

function cut(dice: Dice, bytes: Buffer): Buffer[] {
  const cuts = dice.chance(0.6) ? 0 : 1 + dice.below(4);
  const places = Array.from({ length: cuts }, () => dice.below(bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...places].map((place, at) => bytes.subarray(place, places[at] ?? bytes.length));
}
