import type { Dice } from './dice.ts';

/** How other protocols begin. */
const greetings: readonly Buffer[] = [
  // TLS 1.2 and 1.3: a ClientHello's record.
  Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(508, 7)]),
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1'),
  Buffer.from('050100', 'hex'),
  Buffer.from('SSH-2.0-OpenSSH_9.9\r\n'),
  Buffer.from('EHLO example.com\r\n'),
  Buffer.from('*1\r\n$4\r\nPING\r\n'),
  Buffer.from('PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n'),
  Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
  Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  Buffer.from('GET /\r\n'),
  Buffer.from('{"jsonrpc":"2.0","id":1,"method":"initialize"}\n'),
];
const lineParts = ['GET', ' ', '/', 'HTTP/1.1', '\r\n', ':', 'Host', 'a', '0', '\r\n\r\n', '\n', '%', 'chunked'];

/** Bytes that are no request: noise, the beginning of another protocol, or parts of HTTP in no order. */
export function randomStream(dice: Dice): Buffer {
  switch (dice.weighted({ noise: 4, greeting: 3, parts: 3, long: 0.2 })) {
    case 'noise':
      return dice.bytes(1 + dice.below(600));
    case 'greeting':
      return Buffer.concat([dice.of(greetings), dice.bytes(dice.below(40))]);
    case 'parts':
      return Buffer.from(Array.from({ length: 1 + dice.below(40) }, () => dice.of(lineParts)).join(''));
    case 'long':
      return Buffer.alloc(50_000 + dice.below(100_000), dice.bytes(1 + dice.below(30)));
  }
}
