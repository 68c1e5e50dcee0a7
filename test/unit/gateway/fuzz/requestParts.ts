import { endedToken, liveToken } from '../fakeAdmission.ts';
import type { Dice } from './dice.ts';

/** A request before it is written. */
export interface RequestParts {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Stands between name and value. */
  readonly colon: string;
  readonly lineEnd: string;
  /** As it goes over the wire, with its framing. */
  readonly body: string;
}

/** What is no session's token, however near it comes. */
export const nearMisses: readonly string[] = [
  endedToken,
  liveToken.slice(0, -1),
  `${liveToken}x`,
  liveToken.toUpperCase(),
  liveToken.replace('live', 'l%69ve'),
  `${liveToken},${liveToken}`,
  'sk-ant-api03-something-else',
  '',
  '*',
];

/** A request that the gateway has to serve if the token is a session's. @param mark stands in its target. */
export function plainRequest(dice: Dice, port: number, token: string, mark: string): RequestParts {
  const method = dice.of(['POST', 'POST', 'POST', 'GET', 'HEAD', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']);
  const path = dice.of([
    '/v1/messages',
    '/v1/messages/count_tokens',
    '/v1/models',
    '/v1/files/f_1/content',
    '/v1/a..b',
  ]);
  const prefix = dice.chance(0.15) && token !== '' ? `/s/${token}` : '';
  const name = dice.of(['x-api-key', 'X-Api-Key', 'X-API-KEY', 'Authorization']);
  const credential = name === 'Authorization' ? `Bearer ${token}` : token;
  const others = [
    ['anthropic-version', dice.of(['2023-06-01', '2026-10-21'])],
    ['Anthropic-Beta', 'a,b'],
    ['anthropic-beta', 'c'],
    ['User-Agent', 'fuzz'],
    ['Accept-Encoding', 'gzip, br'],
    ['Connection', 'keep-alive'],
    ['X-Odd', 'caf\xe9 "\t"'],
    ['Cookie', `copy=${token}`],
    ['Sec-Fetch-Site', 'none'],
  ] as const;
  const framed = method === 'GET' || method === 'HEAD' ? noBody : anyBody(dice);
  const expects = framed.headers.length > 0 && dice.chance(0.05) ? [['Expect', '100-continue'] as const] : [];
  const headers = [
    ['Host', dice.of([`127.0.0.1:${port}`, `localhost:${port}`, `LocalHost:${port}`])] as const,
    [name, credential] as const,
    ...others.filter(() => dice.chance(0.3)),
    ...framed.headers,
    ...expects,
  ];
  const target = `${prefix}${path}?n=${mark}`;
  const shuffled = headers.map((header) => ({ header, at: dice.below(1000) })).sort((a, b) => a.at - b.at);
  return {
    method,
    target,
    version: 'HTTP/1.1',
    headers: shuffled.map(({ header }) => header),
    colon: dice.of([': ', ':', ': \t ']),
    lineEnd: '\r\n',
    body: framed.body,
  };
}

/** The bytes of a request. */
export function encodeRequest({ method, target, version, headers, colon, lineEnd, body }: RequestParts): Buffer {
  const lines = [
    `${method} ${target} ${version}`,
    ...headers.map(([name, value]) => `${name}${colon}${value}`),
    '',
    '',
  ];
  return Buffer.from(lines.join(lineEnd) + body, 'latin1');
}

interface Framed {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

const noBody: Framed = { headers: [], body: '' };

function anyBody(dice: Dice): Framed {
  const json = JSON.stringify({ model: 'claude-x', max_tokens: 5, messages: 'm'.repeat(dice.below(80)) });
  // What a second reader would take for another request, if it saw the body as one.
  const plain = dice.of([json, json, dice.bytes(dice.below(300)).toString('latin1'), `GET /v1/inner HTTP/1.1\r\n\r\n`]);
  if (dice.chance(0.5)) return { headers: [['Content-Length', String(plain.length)]], body: plain };
  return { headers: [['Transfer-Encoding', dice.of(['chunked', 'Chunked'])]], body: chunked(dice, plain) };
}

function chunked(dice: Dice, text: string): string {
  let rest = text;
  let encoded = '';
  while (rest !== '') {
    const piece = rest.slice(0, 1 + dice.below(rest.length));
    const size = piece.length.toString(16);
    const written = dice.of([size, size.toUpperCase(), `000${size}`, `${size};a=b`, `${size};a`]);
    encoded += `${written}\r\n${piece}\r\n`;
    rest = rest.slice(piece.length);
  }
  const trailers = dice.chance(0.2) ? 'X-Api-Key: other\r\nHost: evil.example\r\n' : '';
  return `${encoded}0\r\n${trailers}\r\n`;
}
