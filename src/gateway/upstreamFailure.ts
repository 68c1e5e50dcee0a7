import * as z from 'zod';
import type { Problem } from '../core/credentials.ts';
import { ProxyFailureError } from './proxyFailure.ts';

/** Why the upstream gave no answer, for people and for the agent. */
export interface UpstreamFailure {
  readonly problem: Problem;
  /** What the agent gets: 502 when it could not be spoken to, 504 when it did not answer in time. */
  readonly status: 502 | 504;
}

/** How far a request had come: it waited for a connection, for an answer, or for more of the answer. */
export type FailurePhase = 'connecting' | 'waiting' | 'answering';

interface Cause {
  readonly codes: RegExp;
  readonly problem: string;
  readonly status: 502 | 504;
  readonly message: (host: string) => string;
  readonly nextStep: string;
}

const network = 'Check the network, VPN and DNS of this machine; requests go through as soon as it is reachable.';
const certificates =
  "If a company proxy inspects traffic here, add its certificate to the system's store or name it in NODE_EXTRA_CA_CERTS, then start VS Code again.";
const proxySettings =
  'Check the setting http.proxy, or HTTPS_PROXY where it is empty; requests go through as soon as the proxy is reachable.';

/** The first that matches is it. */
const causes: readonly Cause[] = [
  cause(
    /^(ENOTFOUND|EAI_NODATA|EAI_NONAME)$/,
    'name-not-found',
    502,
    (host) => `The name of ${host} is not known to DNS.`,
    network,
  ),
  cause(/^EAI_/, 'name-lookup-failed', 502, (host) => `DNS gave no answer for ${host}.`, network),
  cause(
    /^ECONNREFUSED$/,
    'connection-refused',
    502,
    (host) => `${host} refuses connections.`,
    'Check that the base URL (host and port) is right and that its server, or the proxy before it, runs.',
  ),
  cause(
    /^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/,
    'connect-timeout',
    504,
    (host) => `${host} did not accept a connection within 10 seconds.`,
    network,
  ),
  cause(
    /^(ENETUNREACH|EHOSTUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/,
    'network-unreachable',
    502,
    (host) => `There is no way to ${host} from this machine.`,
    network,
  ),
  cause(
    /^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/,
    'answer-timeout',
    504,
    (host) => `${host} took the request and did not answer.`,
    'Try again later; if it stays so, see status.claude.com.',
  ),
  cause(
    /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    'certificate-dates',
    502,
    (host) => `By this machine's clock the certificate of ${host} is not valid now.`,
    'Set the clock of this machine right; if it is, the certificate has really expired and its server must renew it.',
  ),
  cause(
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'certificate-name',
    502,
    (host) => `What answers as ${host} has the certificate of another host.`,
    'Check the base URL, and whether a proxy or a captive portal answers in its place.',
  ),
  cause(
    /(CERT|SIGNATURE|ISSUER|SELF_SIGNED)/,
    'certificate-untrusted',
    502,
    (host) => `The certificate of ${host} is not signed by anyone this machine trusts.`,
    certificates,
  ),
  cause(
    /^(EPROTO|ERR_SSL_.*|ERR_TLS_.*|UND_ERR_PRX_TLS)$/,
    'tls-failed',
    502,
    (host) => `No secure connection to ${host} could be made.`,
    'Check that the base URL is right (https, host and port) and that no proxy breaks TLS.',
  ),
  cause(
    /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|UND_ERR_CLOSED|UND_ERR_DESTROYED)$/,
    'connection-lost',
    502,
    (host) => `The connection to ${host} was lost before the answer came.`,
    'Trying again usually helps; if it stays so, check the network and the proxy.',
  ),
];

function cause(codes: RegExp, problem: string, status: 502 | 504, message: Cause['message'], nextStep: string): Cause {
  return { codes, problem, status, message, nextStep };
}

/**
 * Says in words why a request got no answer, or not the whole of one. All of it may end by itself.
 * @param error what the HTTP client reported.
 * @param host the upstream's name and port.
 */
export function describeUpstreamFailure(
  error: unknown,
  host: string,
  phase: FailurePhase = 'connecting',
): UpstreamFailure {
  const proxyFailure = findProxyFailure(error);
  if (proxyFailure !== undefined) return describeProxyFailure(proxyFailure, host);
  const codes = errorCodes(error);
  if (phase === 'answering') return describeCut(codes, host);
  // Only before there is a connection it says that there is none.
  if (phase === 'waiting' && codes.includes('ETIMEDOUT')) codes[codes.indexOf('ETIMEDOUT')] = 'ECONNRESET';
  return describeCodes(codes, host) ?? unknownFailure(codes, host);
}

/**
 * Whether an error says only that an answer which never has a body tells the length of one. To 304 that is allowed.
 * Source: RFC 9110 §8.6.
 */
export function isLengthWithoutBody(error: unknown, status: number | undefined): boolean {
  return (status === 204 || status === 304) && errorCodes(error).includes('UND_ERR_RES_CONTENT_LENGTH_MISMATCH');
}

function describeCodes(codes: readonly string[], host: string): UpstreamFailure | undefined {
  for (const known of causes) {
    if (codes.some((code) => known.codes.test(code))) {
      return failure(known.problem, known.message(host), known.nextStep, known.status);
    }
  }
  return undefined;
}

function unknownFailure([first]: readonly string[], host: string): UpstreamFailure {
  const code = first === undefined ? '' : ` (${first})`;
  const nextStep = 'Check that the base URL leads to an HTTP server that speaks the Messages API.';
  return failure('no-usable-answer', `${host} gave no usable answer${code}.`, nextStep);
}

function describeCut(codes: readonly string[], host: string): UpstreamFailure {
  if (codes.includes('UND_ERR_BODY_TIMEOUT')) {
    const nextStep = 'Trying again usually helps; if it stays so, see status.claude.com.';
    return failure('answer-stalled', `${host} began an answer and then fell silent.`, nextStep, 504);
  }
  const nextStep = 'Trying again usually helps; if it stays so, check the network and the proxy.';
  return failure('answer-cut', `The connection to ${host} was lost in the middle of an answer.`, nextStep);
}

function describeProxyFailure({ proxy, status, cause }: ProxyFailureError, host: string): UpstreamFailure {
  if (status === 407) {
    return failure(
      'proxy-wants-login',
      `The proxy ${proxy} wants a user name and a password, or others than it was given (407).`,
      'Put them into the setting http.proxy (http://user:password@host:port), or give http.proxyAuthorization.',
    );
  }
  if (status !== undefined) {
    return failure(
      'proxy-refused',
      `The proxy ${proxy} did not let the connection to ${host} through (${status}).`,
      'Ask whoever runs the proxy to allow it, or put the host into http.noProxy if it can be reached without.',
    );
  }
  const known = describeCodes(errorCodes(cause), `the proxy ${proxy}`);
  if (known === undefined) return failure('proxy-failed', `The proxy ${proxy} gave no usable answer.`, proxySettings);
  const { code, message } = known.problem;
  const isOfCertificate = code.startsWith('certificate-');
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  return failure(`proxy-${code}`, sentence, isOfCertificate ? known.problem.nextStep : proxySettings, known.status);
}

function failure(code: string, message: string, nextStep: string, status: 502 | 504 = 502): UpstreamFailure {
  return { problem: { code, severity: 'error', message, nextStep, transient: 'unreachable' }, status };
}

function findProxyFailure(error: unknown, depth = 0): ProxyFailureError | undefined {
  if (error instanceof ProxyFailureError) return error;
  if (!(error instanceof Error) || depth > 4) return undefined;
  return findProxyFailure(error.cause, depth + 1);
}

const errorSchema = z.object({
  code: z.string().max(60).optional().catch(undefined),
  cause: z.unknown().optional(),
  errors: z.array(z.unknown()).optional().catch(undefined),
});

/** The codes of an error and of what caused it; of several attempts (AggregateError) those of each. */
function errorCodes(error: unknown, depth = 0): string[] {
  const parsed = errorSchema.safeParse(error);
  if (!parsed.success || depth > 4) return [];
  const { code, cause: inner, errors } = parsed.data;
  const inners = [inner, ...(errors ?? [])].flatMap((each) => errorCodes(each, depth + 1));
  return code === undefined ? inners : [code, ...inners];
}
