import { type CommandLine, parseCommandLine } from './commandLine.ts';
import { launcherVerbs } from '../shared/launcherVerbs.ts';
import { statusLineVerb } from './observed/statusLineCommand.ts';

/** EX_USAGE of sysexits(3). */
const misuseExitCode = 64;

/** Does what the command line asks for. The process ends when nothing keeps it. */
export async function runProgram(): Promise<void> {
  if (process.argv[2] === statusLineVerb) {
    const { runStatusLine } = await import('./observed/statusLine.ts');
    return runStatusLine();
  }
  if (process.argv[2] === launcherVerbs.register) {
    const { register } = await import('./registration.ts');
    return register(process.argv.slice(3));
  }
  const wish = parseCommandLine(process.argv.slice(2));
  switch (wish.kind) {
    case 'run': {
      const { beginRun } = await import('./beginRun.ts');
      const begun = beginRun(wish);
      await begun.request?.asked;
      const { runUnderQuota } = await import('./agentRun.ts');
      return runUnderQuota(wish, begun);
    }
    case 'query': {
      const { runQuery } = await import('./queryCommand.ts');
      return runQuery(wish);
    }
    case 'ledger': {
      const { runLedger } = await import('./ledgerCommand.ts');
      return runLedger(wish.wish, wish.json);
    }
    case 'help': {
      const { commandUsageText, usageText } = await import('./usageText.ts');
      process.stdout.write(wish.command === undefined ? usageText : commandUsageText(wish.command));
      return;
    }
    case 'version': {
      const { launcherVersion } = await import('./launcherVersion.ts');
      process.stdout.write(`${launcherVersion(process.argv[1] ?? '')}\n`);
      return;
    }
    case 'misuse':
      await sayMisuse(wish);
      process.exitCode = misuseExitCode;
  }
}

async function sayMisuse({ problem, nextStep, json }: CommandLine & { kind: 'misuse' }): Promise<void> {
  if (json) {
    const { documentText } = await import('./documents.ts');
    process.stdout.write(documentText(undefined, {}, { code: 'usage', message: problem, nextStep }));
  } else {
    process.stderr.write(`${`agent-quota: ${problem} ${nextStep}`.trimEnd()}\n`);
  }
}
