import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { testCertificate, testServerKey } from '../fakes/testCertificates.ts';
import { agentQuota, upstreamUrl, withEnvironment } from './quotaWindow.ts';

/** The simulated upstream, spoken to over TLS. */
export interface TlsUpstream {
  readonly port: number;
  /** How many requests have come in here. */
  readonly requests: number;
  close(): void;
}

/** @param cert by default one that is signed by the private CA in NODE_EXTRA_CA_CERTS. */
export async function startTlsUpstream(cert = testCertificate): Promise<TlsUpstream> {
  let requests = 0;
  const server = createServer({ key: testServerKey, cert }, (request, response) => {
    requests += 1;
    const { method, url = '/', headers } = request;
    const onward = httpRequest(new URL(url, upstreamUrl()), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** So that the settings alone say how the upstream is reached. */
export const withoutProxies = {
  ...{ HTTPS_PROXY: undefined, https_proxy: undefined, HTTP_PROXY: undefined, http_proxy: undefined },
  ...{ NO_PROXY: undefined, no_proxy: undefined },
};

/** Runs the body with a session whose upstream is this one. */
export async function withUpstream(
  baseUrl: string,
  body: (url: string, token: string) => Promise<void>,
): Promise<void> {
  await withEnvironment({ ...withoutProxies, ANTHROPIC_BASE_URL: baseUrl, CLAUDE_BASE_URL: undefined }, async () => {
    const api = await agentQuota();
    const auth = await api.setupClaudeAgentAuth('networker');
    assert.ok(auth.kind === 'authenticated');
    await body(auth.overlay['ANTHROPIC_BASE_URL'] ?? '', auth.overlay['ANTHROPIC_API_KEY'] ?? '');
    await api.releaseAgentAuth('networker');
  });
}

/** What is wrong now. */
export async function problemCodes(): Promise<string[]> {
  const { problems } = await (await agentQuota()).checkAuthHealth();
  return problems.map(({ code }) => code);
}
