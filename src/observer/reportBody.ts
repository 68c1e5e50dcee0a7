import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Clock } from '../core/clock.ts';
import { ClientGoneError } from '../loopback/clientGoneError.ts';
import { headerValue } from '../loopback/headerValue.ts';
import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';
import { observerAnswers } from './observerAnswers.ts';

/**
 * The most that a report may have, as it comes: of telemetry 512 records come at once at most, each of some 2,000 bytes
 * (Claude Code 2.1.330).
 */
export const mostReportBytes = 4 * 1024 * 1024;
/** The most that it may have when it is unpacked. */
const mostUnpackedBytes = 2 * mostReportBytes;
/** How long a report's body may take to come. */
const bodyWithinMs = 15_000;

/** A report that is refused, with what it is answered with. */
export class RefusedReportError extends Error {
  override readonly name = 'RefusedReportError';
  readonly answer: LoopbackAnswer;

  constructor(answer: LoopbackAnswer) {
    super(answer.message);
    this.answer = answer;
  }
}

const unpack = promisify(gunzip);

/**
 * Refuses a body by what its headers say of it, before any of it is read.
 * @throws RefusedReportError
 */
export function checkAnnounced(rawHeaders: readonly string[]): void {
  const length = headerValue(rawHeaders, 'content-length');
  if (length !== undefined && Number(length) > mostReportBytes) throw new RefusedReportError(observerAnswers.tooLong);
  const coding = codingOf(rawHeaders);
  if (coding !== 'identity' && coding !== 'gzip') throw new RefusedReportError(observerAnswers.otherType);
}

/**
 * Reads a report's body whole, and unpacks it.
 * @throws RefusedReportError, or ClientGoneError when it does not come to its end.
 */
export async function readReportBody(request: IncomingMessage, clock: Clock): Promise<Buffer> {
  const body = await readWhole(request, clock);
  if (codingOf(request.rawHeaders) === 'identity') return body;
  try {
    return await unpack(body, { maxOutputLength: mostUnpackedBytes });
  } catch (error) {
    const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new RefusedReportError(isTooLong ? observerAnswers.tooLong : observerAnswers.unreadable);
  }
}

function codingOf(rawHeaders: readonly string[]): string {
  return headerValue(rawHeaders, 'content-encoding')?.trim().toLowerCase() ?? 'identity';
}

async function readWhole(request: IncomingMessage, clock: Clock): Promise<Buffer> {
  const over = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > mostReportBytes) over.reject(new RefusedReportError(observerAnswers.tooLong));
    else chunks.push(chunk);
  };
  const end = (): void => {
    over.resolve(Buffer.concat(chunks));
  };
  const cut = (): void => {
    over.reject(new ClientGoneError());
  };
  const stopWaiting = clock.after(bodyWithinMs, () => {
    over.reject(new RefusedReportError(observerAnswers.tooSlow));
  });
  request.on('data', take).once('end', end).once('close', cut).on('error', cut);
  try {
    return await over.promise;
  } finally {
    stopWaiting();
    request.off('data', take).off('end', end).off('close', cut).off('error', cut);
    request.on('error', () => undefined);
  }
}
