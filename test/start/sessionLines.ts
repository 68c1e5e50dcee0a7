import { readLedger, type LedgerSession } from './ledgerReader.ts';

const everyMs = 250;

/**
 * Prints a line whenever a session is admitted, metered or released, as the ledger tells.
 * @returns a function that ends it, and prints what is left to say.
 */
export function printSessions(ledgerFile: string, print: (line: string) => void): () => void {
  const known = new Map<string, LedgerSession>();
  const look = (): void => {
    for (const session of readLedger(ledgerFile)) {
      for (const line of whatIsNew(known.get(session.sessionId), session)) print(line);
      known.set(session.sessionId, session);
    }
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
  };
}

function whatIsNew(before: LedgerSession | undefined, { agentId, sessionId, ...now }: LedgerSession): string[] {
  const name = `  ${agentId.padEnd(12)} ${sessionId}  `;
  const lines: string[] = [];
  if (before === undefined) lines.push(`${name}admitted`);
  if (now.tokens !== (before?.tokens ?? 0)) {
    lines.push(
      `${name}metered   ${now.tokens} tokens in ${now.requests} ${now.requests === 1 ? 'request' : 'requests'}`,
    );
  }
  if (now.state === 'ended' && before?.state !== 'ended') lines.push(`${name}released  ${now.endReason ?? ''}`);
  if (now.state === 'idle' && before?.state !== 'idle') lines.push(`${name}idle`);
  return lines;
}
