import { liveToken } from '../fakeAdmission.ts';
import type { Dice } from './dice.ts';
import { nearMisses, type RequestParts } from './requestParts.ts';

type Header = RequestParts['headers'][number];
type Mutation = (parts: RequestParts, dice: Dice, port: number) => Partial<RequestParts>;

const hostileTargets = [
  'http://evil.example/v1/messages',
  'http://127.0.0.1/v1/messages',
  '//evil.example/v1',
  '/v1/../admin',
  '/v1/%2e%2e/admin',
  '/v1/%252e%252e/x',
  '/v1%2fmessages',
  '/v1\\messages',
  '/v1%5cmessages',
  '/v1//messages',
  '/v1/..;/x',
  'evil.example:443',
  '*',
  '/v1/messages#x',
  '/v1/%',
  '/v1/%00',
  `/v1/messages?k=${liveToken}`,
  `/s/${liveToken}//evil.example`,
  `/s/${liveToken}/../x`,
  `@evil.example/`,
  `/${'a'.repeat(9000)}`,
];
const codings = [
  'chunked, chunked',
  'gzip, chunked',
  'identity',
  'xchunked',
  'chunked;q=1',
  '"chunked"',
  ' chunked',
  '',
];
const lengths = ['-1', '+1', '0x1', '1, 1', '1,2', '', '1 1', '9'.repeat(25), '99999999', '0', '1e1', '007', '1.0'];
const versions = ['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'HTTP/11', 'RTSP/1.0', 'ICE/1.0', ''];
const methods = [
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'M-SEARCH',
  'PRI',
  'SOURCE',
  'QUERY',
  'GET\t',
  '\0',
  'POSTPOST',
];
const chunks = [
  '3 \r\nabc\r\n0\r\n\r\n',
  '0x3\r\nabc\r\n0\r\n\r\n',
  '3\nabc\n0\n\n',
  '2\r\nabc\r\n0\r\n\r\n',
  '4\r\nabc\r\n0\r\n\r\n',
  '-3\r\nabc\r\n0\r\n\r\n',
  'ffffffffffffffffff\r\nabc',
  'g\r\nabc\r\n0\r\n\r\n',
  '\r\n0\r\n\r\n',
  '3;a\nabc\r\n0\r\n\r\n',
  '3;"\r\nabc\r\n0\r\n\r\n',
  `3;${'e'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`,
  '3\r\nabc\r\n0\r\n bad: trailer\r\n\r\n',
  '3\r\nabc0\r\n\r\n',
  '3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n',
  '3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
];

/** Mutations by what they do; each keeps the rest of the request as it is. */
const mutations: Readonly<Record<string, Mutation>> = {
  'a header twice': ({ headers }, dice) => ({ headers: [...headers, dice.of(headers)] }),
  'a header less': ({ headers }, dice) => ({ headers: without(headers, dice.below(headers.length)) }),
  'names in another case': ({ headers }) => ({ headers: headers.map(([name, value]) => [swapCase(name), value]) }),
  'headers in another order': ({ headers }) => ({ headers: [...headers].reverse() }),
  'another length': ({ headers }, dice) => ({ headers: set(headers, 'Content-Length', dice.of(lengths)) }),
  'one more length': ({ headers }, dice) => ({ headers: [...headers, ['content-length', dice.of(lengths)]] }),
  'a length that lies': ({ headers }, dice) => ({ headers: lie(headers, dice) }),
  'another transfer coding': ({ headers }, dice) => ({ headers: set(headers, 'Transfer-Encoding', dice.of(codings)) }),
  'one more transfer coding': ({ headers }, dice) => ({
    headers: [...headers, ['transfer-encoding', dice.of(['chunked', ...codings])]],
  }),
  'bad chunks': ({ headers }, dice) => ({
    headers: [...dropped(headers, 'content-length', 'transfer-encoding'), ['Transfer-Encoding', 'chunked']],
    body: dice.of(chunks),
  }),
  'another host': ({ headers }, dice, port) => ({
    headers: set(headers, 'Host', dice.of(['evil.example', `evil.example:${port}`, '127.0.0.1', `[::1]:${port}`, ''])),
  }),
  'a web page': ({ headers }, dice) => ({
    headers: [...headers, dice.of([['Origin', 'null'] as const, ['Sec-Fetch-Site', 'cross-site'] as const])],
  }),
  'a preflight': ({ headers }) => ({
    method: 'OPTIONS',
    headers: [...headers, ['Origin', 'https://evil.example'], ['Access-Control-Request-Method', 'POST']],
  }),
  'an upgrade': ({ headers }, dice) => ({
    headers: [...headers, ['Connection', 'Upgrade'], ['Upgrade', dice.of(['websocket', 'h2c', 'TLS/1.0'])]],
  }),
  'another connection option': ({ headers }, dice) => ({
    headers: [
      ...headers,
      ['Connection', dice.of(['close', 'keep-alive, close', 'x-api-key', 'content-length, host', 'transfer-encoding'])],
    ],
  }),
  'another expectation': ({ headers }, dice) => ({
    headers: [...headers, ['Expect', dice.of(['100-Continue', '200-ok', '', '100-continue, x'])]],
  }),
  'a hostile target': (_parts, dice) => ({ target: dice.of(hostileTargets) }),
  'another method': (_parts, dice) => ({ method: dice.of(methods) }),
  'another version': (_parts, dice) => ({ version: dice.of(versions) }),
  'another key': ({ headers }, dice) => ({
    headers: dice.chance(0.5)
      ? set(headers, 'X-Api-Key', dice.of(nearMisses))
      : [...headers, ['authorization', `Bearer ${dice.of(nearMisses)}`]],
  }),
  'a folded header': ({ headers }, dice) => ({
    headers: headers.map(([name, value]) => [name, dice.chance(0.3) ? `\r\n ${value}` : value]),
  }),
  'a header with a control character': ({ headers }, dice) => ({
    headers: [...headers, ['x-odd', `a${dice.of(['\0', '\r', '\n', '\x7f', '\x0b', '\x1b'])}b`]],
  }),
  'a header without a name': ({ headers }, dice) => ({
    headers: [...headers, [dice.of(['', ' x', 'x y', 'x\t', 'x(', '\xe9']), 'y']],
  }),
  'a space before the colon': () => ({ colon: ' : ' }),
  'no colon': () => ({ colon: ' ' }),
  'line feeds alone': () => ({ lineEnd: '\n' }),
  'carriage returns alone': () => ({ lineEnd: '\r' }),
  'a flood of headers': ({ headers }) => ({
    headers: [...headers, ...Array.from({ length: 300 }, (_, at) => [`x-${at}`, 'y'] as const)],
  }),
  'headers without end': ({ headers }) => ({ headers: [...headers, ['x-long', 'y'.repeat(40_000)]] }),
};

/** Changes one thing in a request. */
export function mutateRequest(
  dice: Dice,
  parts: RequestParts,
  port: number,
): { readonly name: string; readonly result: RequestParts } {
  const [name, mutate] = dice.of(Object.entries(mutations));
  return { name, result: { ...parts, ...mutate(parts, dice, port) } };
}

function without(headers: readonly Header[], at: number): Header[] {
  return headers.filter((_, index) => index !== at);
}

function dropped(headers: readonly Header[], ...names: string[]): Header[] {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()));
}

function set(headers: readonly Header[], name: string, value: string): Header[] {
  return [...dropped(headers, name.toLowerCase()), [name, value]];
}

function lie(headers: readonly Header[], dice: Dice): Header[] {
  const given = headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? '0';
  return set(headers, 'Content-Length', String(Math.max(0, Number(given) + dice.of([-40, -1, 1, 40, 5000]))));
}

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => (/[a-z]/.test(letter) ? letter.toUpperCase() : letter.toLowerCase()));
}
