/*
 * `npm run pictures`: takes the README's pictures anew, in a real VS Code, with usage that is made up.
 * Needs `npm run build` first.
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { startSimulatedUpstreamProcess } from '../fakes/simulatedUpstreamProcess.ts';
import { copyExtension } from '../host/extensionCopy.ts';
import { repositoryRoot, screenshotDirectory } from '../host/paths.ts';
import { bundleTests } from '../host/testBundle.ts';
import { runTestsInVsCode } from '../host/vsCodeTests.ts';

const hourMs = 3_600_000;
const base = await mkdtemp(path.join(tmpdir(), 'aq-pictures-'));
const key = 'sk-ant-simulated-key-for-the-pictures';
const upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [key], outputTokens: 400 } });
try {
  const [workspaceFolder, userDataDir, home] = ['shop', 'user', 'home'].map((name) => path.join(base, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [workspaceFolder, userDataDir]) await mkdir(folder);
  await writeTranscripts(path.join(home, '.claude', 'projects'));
  const outDirectory = path.join(repositoryRoot, 'out', 'test', 'media');
  const totals = await runTestsInVsCode({
    workspaceFolder,
    userDataDir,
    extensionPaths: [await copyExtension(base)],
    testsPath: await bundleTests({ sourceDirectory: import.meta.dirname, outDirectory }),
    userSettings: { 'workbench.colorTheme': 'Default Dark Modern', 'agentQuota.apiKey.tokensPerMinute': 250_000 },
    env: {
      ANTHROPIC_API_KEY: key,
      CLAUDE_API_KEY: undefined,
      ANTHROPIC_BASE_URL: upstream.url,
      CLAUDE_BASE_URL: undefined,
      ANTHROPIC_AUTH_TOKEN: undefined,
      CLAUDE_CODE_OAUTH_TOKEN: undefined,
      CLAUDE_CONFIG_DIR: path.join(home, '.claude'),
    },
  });
  if (totals.failed > 0) throw new Error('The pictures could not be taken.');
  for (const [taken, name] of [
    ['media-window', 'screenshot'],
    ['media-dashboard', 'dashboard'],
  ] as const) {
    await copyFile(path.join(screenshotDirectory, `${taken}.png`), path.join(repositoryRoot, 'media', `${name}.png`));
  }
} finally {
  await upstream.close();
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
}

/** Transcripts of three projects over 90 days: busy on weekdays, quiet at night. */
async function writeTranscripts(projects: string): Promise<void> {
  const now = Date.now();
  for (const [project, share] of [
    ['web', 1],
    ['api', 0.6],
    ['docs', 0.3],
  ] as const) {
    const folder = path.join(projects, `${homedir().replaceAll(/[^A-Za-z0-9]/g, '-')}-${project}`);
    await mkdir(folder, { recursive: true });
    const lines: string[] = [];
    for (let hour = 90 * 24; hour > 0; hour -= 1) {
      const at = new Date(now - hour * hourMs);
      const busy = [0, 6].includes(at.getDay()) ? 0.15 : 1;
      const awake = at.getHours() >= 8 && at.getHours() <= 19 ? 1 : 0;
      // Neither even nor left to chance: the picture is the same each time.
      const wave = 0.55 + 0.45 * Math.sin(hour / 7 + project.length) * Math.cos(hour / 61);
      const tokens = Math.round(9000 * share * busy * awake * wave);
      if (tokens > 0) lines.push(transcriptLine(`${project}-${hour}`, at, tokens));
    }
    await writeFile(path.join(folder, `${project}.jsonl`), `${lines.join('\n')}\n`);
  }
}

function transcriptLine(id: string, at: Date, tokens: number): string {
  const usage = {
    input_tokens: tokens,
    output_tokens: Math.round(tokens / 4),
    cache_creation_input_tokens: tokens,
    cache_read_input_tokens: tokens * 3,
  };
  return JSON.stringify({
    type: 'assistant',
    sessionId: `session-${id}`,
    timestamp: at.toISOString(),
    cwd: '/home/me',
    version: '2.1.330',
    requestId: `req_${id}`,
    message: { id: `msg_${id}`, model: 'claude-sonnet-4-5', role: 'assistant', usage },
  });
}
