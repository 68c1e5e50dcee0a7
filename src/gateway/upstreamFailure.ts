import * as z from 'zod';
import { type Problem } from '../core/credentials.ts';

/** Why the upstream gave no answer, for people and for the agent. */
export interface UpstreamFailure {
  readonly problem: Problem;
  /** What the agent gets: 502 when it could not be spoken to, 504 when it did not answer in time. */
  readonly status: 502 | 504;
}

interface Cause {
  readonly codes: RegExp;
  readonly problem: string;
  readonly status: 502 | 504;
  readonly message: (host: string) => string;
  readonly nextStep: string;
}

const network = 'Check the network, VPN and DNS of this machine; requests go through as soon as it is reachable.';
const certificates =
  "If a company proxy inspects traffic here, add its certificate to the system's store or name it in NODE_EXTRA_CA_CERTS, then reload the window.";

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
    /^proxy$/,
    'proxy-refused',
    502,
    (host) => `The proxy did not let the connection to ${host} through.`,
    'Check HTTPS_PROXY, with user name and password where it wants them, and NO_PROXY.',
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
 * Says in words why a request got no answer.
 * @param error what the HTTP client reported.
 * @param host the upstream's name and port.
 */
export function describeUpstreamFailure(error: unknown, host: string): UpstreamFailure {
  const codes = errorCodes(error);
  for (const known of causes) {
    if (!codes.some((code) => known.codes.test(code))) continue;
    const { problem, nextStep, status } = known;
    return { problem: { code: problem, severity: 'error', message: known.message(host), nextStep }, status };
  }
  const code = codes[0] === undefined ? '' : ` (${codes[0]})`;
  const message = `${host} gave no usable answer${code}.`;
  const nextStep = 'Check that the base URL leads to an HTTP server that speaks the Messages API.';
  return { problem: { code: 'no-usable-answer', severity: 'error', message, nextStep }, status: 502 };
}

const errorSchema = z.object({
  code: z.string().max(60).optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  cause: z.unknown().optional(),
  errors: z.array(z.unknown()).optional().catch(undefined),
});

/** The codes of an error and of what caused it; of several attempts (AggregateError) those of each. */
function errorCodes(error: unknown, depth = 0): string[] {
  const parsed = errorSchema.safeParse(error);
  if (!parsed.success || depth > 4) return [];
  const { code, message, cause: inner, errors } = parsed.data;
  const own = message?.startsWith('Proxy response') === true ? 'proxy' : code;
  const inners = [inner, ...(errors ?? [])].flatMap((each) => errorCodes(each, depth + 1));
  return own === undefined ? inners : [own, ...inners];
}
