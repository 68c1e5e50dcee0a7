import { SharedQuotaError } from '../core/sharedQuota.ts';
import { type LedgerAddress, shownAddress } from './ledgerAddress.ts';

/** What is wrong with the shared ledger, and what to do. Holds no password. */
export interface Diagnosis {
  readonly code: DiagnosisCode;
  readonly message: string;
  readonly nextStep: string;
}

export type DiagnosisCode =
  | 'no-address'
  | 'bad-address'
  | 'unreachable'
  | 'busy'
  | 'tls'
  | 'password'
  | 'no-database'
  | 'no-schema'
  | 'older-schema'
  | 'newer-schema'
  | 'no-rights'
  | 'other-machine'
  | 'clock'
  | 'failed';

const networkCodes =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|ENOENT|EACCES|ECONNABORTED)$/;
const networkMessages =
  /timeout expired|Query read timeout|Connection terminated|Client has encountered a connection error|connection is not queryable|timeout exceeded when trying to connect/i;
const tlsCodes = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|EPROTO$|HOSTNAME_MISMATCH|ERR_OSSL)/;
const tlsMessages = /does not support SSL|establishing an SSL/;

/** Says what an error of the client library or of the server means for the user. */
export function diagnose(error: unknown, address: LedgerAddress): Diagnosis {
  const where = shownAddress(address);
  const { code, message } = partsOf(error);
  if (tlsCodes.test(code) || tlsMessages.test(message)) return tlsDiagnosis(message, code, address);
  if (networkCodes.test(code) || networkMessages.test(message)) {
    return {
      code: 'unreachable',
      message: `The shared ledger at ${where} cannot be reached (${networkCodes.test(code) ? code : message}).`,
      nextStep: 'See that the server runs and that host and port are right, and that no firewall is in between.',
    };
  }
  if (message.includes('SASL') || code.startsWith('28')) {
    return {
      code: 'password',
      message: `The shared ledger at ${where} does not let "${address.user}" in${code.startsWith('28') ? `: ${message}` : ': it wants a password, and none was found'}.`,
      nextStep: 'Put the right password into ~/.pgpass, PGPASSWORD or what your command prints.',
    };
  }
  return serverDiagnosis(code, message, address);
}

function tlsDiagnosis(message: string, code: string, address: LedgerAddress): Diagnosis {
  const nextStep = tlsMessages.test(message)
    ? 'Switch TLS on in the server (ssl = on in postgresql.conf, with a certificate).'
    : code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? 'Connect by a name that is in the certificate, or give the server one for this name.'
      : "Add the certificate that signed the server's to the system's store, or name its file by sslrootcert or PGSSLROOTCERT.";
  return { code: 'tls', message: `The connection to ${shownAddress(address)} is not safe: ${message}.`, nextStep };
}

function serverDiagnosis(code: string, message: string, address: LedgerAddress): Diagnosis {
  const where = shownAddress(address);
  switch (code) {
    case '3D000':
      return {
        code: 'no-database',
        message: `There is no database "${address.database}" at ${where}.`,
        nextStep: 'Create it, or name another one in the address.',
      };
    case '3F000':
    case '42883':
    case '42P01':
      return noSchema(address);
    case 'AQ001':
      return {
        code: 'newer-schema',
        message: `The shared ledger at ${where} and this Agent Quota do not fit: ${message}.`,
        nextStep:
          'Bring both to the same version: update Agent Quota here, or let an administrator run agent-quota ledger init.',
      };
    case '42501':
    case 'AQ002':
      return {
        code: 'no-rights',
        message: `"${address.user}" may not do this at ${where}: ${message}.`,
        nextStep: `Let an administrator grant the members' role: GRANT agent_quota_members TO "${address.user}"; agent-quota ledger limits shows which role a plan is for.`,
      };
    case 'AQ003':
      return {
        code: 'other-machine',
        message: `The shared ledger at ${where} knows this machine by another login: ${message}.`,
        nextStep: 'Connect as the login of before, or let an administrator delete the row of this machine.',
      };
    case 'AQ004':
      return {
        code: 'clock',
        message: `The day of this machine is not the shared ledger's: ${message}.`,
        nextStep: "Set this machine's clock, or the server's.",
      };
    default:
      return isPassing(code)
        ? {
            code: 'busy',
            message: `The shared ledger at ${where} cannot answer now: ${message}.`,
            nextStep: 'It is tried again by itself; if it stays so, look at the server.',
          }
        : {
            code: 'failed',
            message: `The shared ledger at ${where} failed: ${message}${code === '' ? '' : ` (${code})`}.`,
            nextStep: 'Run agent-quota ledger check, and look at the log of the server.',
          };
  }
}

/** Of classes that pass: connections, resources, an operator's intervention, locks that were not had in time. */
function isPassing(code: string): boolean {
  return /^(08|40|53|57|58)/.test(code) || code === '55P03';
}

export function noSchema(address: LedgerAddress): Diagnosis {
  return {
    code: 'no-schema',
    message: `There is no shared ledger in the database at ${shownAddress(address)}.`,
    nextStep: 'Let an administrator run agent-quota ledger init.',
  };
}

/** The error that callers of the shared quota get. */
export function sharedQuotaError(error: unknown, address: LedgerAddress): SharedQuotaError {
  if (error instanceof SharedQuotaError) return error;
  const { code, message, nextStep } = diagnose(error, address);
  const kind = code === 'unreachable' || code === 'busy' ? 'away' : 'refused';
  return new SharedQuotaError(kind, `${message} ${nextStep}`, { cause: error });
}

function partsOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return partsOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const { code } = error as { code?: unknown };
  return { code: typeof code === 'string' ? code : '', message: error.message.replace(/[\s.]+$/, '') };
}
