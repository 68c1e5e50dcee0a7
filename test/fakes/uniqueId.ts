import { randomBytes } from 'node:crypto';

/** An id that no other answer has, in this process or another; `prefix` is such as `req_01`. */
export function uniqueId(prefix: string): string {
  return prefix + randomBytes(11).toString('hex');
}
