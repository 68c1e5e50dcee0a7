import { parseCommandLine } from './commandLine.ts';
import { statusLineVerb } from './observed/statusLineCommand.ts';

/** EX_USAGE of sysexits(3). */
const misuseExitCode = 64;

async function main(): Promise<void> {
  if (process.argv[2] === statusLineVerb) {
    const { runStatusLine } = await import('./observed/statusLine.ts');
    return runStatusLine();
  }
  const wish = parseCommandLine(process.argv.slice(2));
  switch (wish.kind) {
    case 'run': {
      const { runUnderQuota } = await import('./agentRun.ts');
      return runUnderQuota(wish);
    }
    case 'help': {
      const { usageText } = await import('./usageText.ts');
      process.stdout.write(usageText);
      return;
    }
    case 'version': {
      const { launcherVersion } = await import('./launcherVersion.ts');
      process.stdout.write(`${launcherVersion(process.argv[1] ?? '')}\n`);
      return;
    }
    case 'misuse':
      process.stderr.write(`agent-quota: ${wish.problem}\n`);
      process.exitCode = misuseExitCode;
  }
}

// A terminal that was closed takes no more text, which is no reason to leave the agent.
process.stderr.on('error', () => undefined);
void main();
