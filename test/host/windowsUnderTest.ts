import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { agentSdkModule } from '../e2e/agentSdk.ts';
import { claudeBinary } from './claudeBinary.ts';
import { newestVersion, packExtension } from './packedExtension.ts';
import { repositoryRoot } from './paths.ts';
import { simulatedEnvironment } from './simulatedEnvironment.ts';
import { writeHostileWorkspace, writeWorkspace } from './testWorkspaces.ts';
import type { VsCodeTestOptions } from './vsCodeTests.ts';

/** Stands for the user's own key: the tests look for it where it must not be. */
export const realKey = 'sk-ant-api03-the-users-own-key-in-the-window-REALKEY';

/** What is there before a window is opened. */
export interface Surroundings {
  /** An empty directory of its own. */
  readonly directory: string;
  /** The extension under test. */
  readonly extension: string;
  /** A certificate authority that the machine trusts. */
  readonly certificates: string;
  readonly upstreamUrl: string;
}

/** A kind of VS Code window, and the tests that run in it. */
export interface WindowUnderTest {
  readonly name: string;
  /** Tests with it in their titles run here; all others in the one without. */
  readonly tag?: string;
  readonly options: (surroundings: Surroundings) => Promise<VsCodeTestOptions>;
}

const fakes = path.join(repositoryRoot, 'test', 'fakes');

interface Common {
  readonly options: VsCodeTestOptions & Required<Pick<VsCodeTestOptions, 'userSettings' | 'env'>>;
  readonly scratch: string;
}

async function common({ directory, extension, certificates, upstreamUrl }: Surroundings): Promise<Common> {
  const folder = (name: string): string => path.join(directory, name);
  const [workspaceFolder, scratch, home, userDataDir] = [
    folder('work space'),
    folder('scratch'),
    folder('home'),
    folder('user'),
  ];
  for (const each of [workspaceFolder, scratch, home, userDataDir]) await mkdir(each);
  const simulated = await simulatedEnvironment(upstreamUrl, realKey, home);
  return {
    scratch,
    options: {
      extensionPaths: [extension],
      workspaceFolder,
      userDataDir,
      userSettings: {
        'agentQuota.apiKey.requestsPerMinute': 100,
        'agentQuota.apiKey.tokensPerMinute': 2_000_000,
        // Terminals as text in the page, which tests can read.
        'terminal.integrated.gpuAcceleration': 'off',
        // So that nothing but its not being trusted holds up what an untrusted workspace wants to run.
        'security.workspace.trust.startupPrompt': 'never',
        'task.allowAutomaticTasks': 'on',
        // VS Code asks before it opens any terminal there; this is a user who has answered once and for all.
        'terminal.integrated.allowInUntrustedWorkspace': true,
      },
      env: {
        ...simulated,
        PATH: [path.dirname(process.execPath), simulated['PATH']].join(path.delimiter),
        // Shells are killed here in the middle of their start-up files, which may keep locks and state: not the user's.
        HOME: home,
        USERPROFILE: home,
        // As on a machine of a company with a certificate authority of its own.
        NODE_EXTRA_CA_CERTS: certificates,
        AGENT_QUOTA_LONG: process.env['AGENT_QUOTA_LONG'],
        AGENT_QUOTA_TEST_REAL_KEY: realKey,
        AGENT_QUOTA_TEST_UPSTREAM: upstreamUrl,
        AGENT_QUOTA_TEST_SCRATCH: scratch,
        AGENT_QUOTA_TEST_USER_DATA: userDataDir,
      },
    },
  };
}

/** With all that is not tested elsewhere. */
export const trusted: WindowUnderTest = {
  name: 'trusted',
  options: async (surroundings) => {
    const { options } = await common(surroundings);
    await writeWorkspace(options.workspaceFolder);
    return {
      ...options,
      extensionPaths: [...options.extensionPaths, path.join(fakes, 'blockingExtension')],
      timeoutMs: 600_000,
      phases: [
        { name: 'first window', skip: '@(last|reloaded|tasks|engine|stream|untrusted|panel|update|matrix)' },
        { name: 'before the reload', grep: '@last' },
        { name: 'after the reload', grep: '@reloaded' },
        // The last test of each of these reloads the window, and names the tests that follow.
        { name: 'before a reload with tasks', grep: '@tasks-run' },
        { name: 'before a reload in mid-stream', grep: '@stream-runs' },
        { name: 'before a start that fails', grep: '@engine-runs' },
      ],
    };
  },
};

/** On a workspace that the user does not trust, and must not. */
export const untrusted: WindowUnderTest = {
  name: 'untrusted',
  tag: 'untrusted',
  options: async (surroundings) => {
    const { options, scratch } = await common(surroundings);
    await writeHostileWorkspace(options.workspaceFolder, scratch);
    return { ...options, workspaceTrust: true, phases: [{ name: 'untrusted workspace', grep: '@untrusted' }] };
  },
};

/** Beside Claude Code's extension, and one that uses our API. */
export const withOthers: WindowUnderTest = {
  name: 'others',
  tag: 'panel',
  options: async (surroundings) => {
    const { options } = await common(surroundings);
    await writeWorkspace(options.workspaceFolder);
    return {
      ...options,
      extensionPaths: [
        ...options.extensionPaths,
        ...['claudeCodeExtension', 'apiUser'].map((name) => path.join(fakes, name)),
      ],
      phases: [{ name: 'other extensions', grep: '@panel' }],
    };
  },
};

/** In which the extension is installed from a package, as a user's is, and then a newer one. */
export const updated: WindowUnderTest = {
  name: 'updated',
  tag: '@update',
  options: async (surroundings) => {
    const { options } = await common(surroundings);
    await writeWorkspace(options.workspaceFolder);
    const { directory, extension } = surroundings;
    const [present, newer] = await Promise.all([
      packExtension({ parent: directory, built: extension }),
      packExtension({ parent: directory, built: extension, version: newestVersion }),
    ]);
    return {
      ...options,
      // Of extensions under development there is no update; this one is there because tests want one.
      extensionPaths: [path.join(fakes, 'blockingExtension')],
      env: { ...options.env, AGENT_QUOTA_TEST_PACKAGE: present, AGENT_QUOTA_TEST_NEWER_PACKAGE: newer },
      phases: [{ name: 'before an update in mid-stream', grep: '@update-comes' }],
    };
  },
};

/** Agents of all kinds, started in all ways: as many as a machine bears, and none may wait for another. */
export const matrix: WindowUnderTest = {
  name: 'matrix',
  tag: 'matrix',
  options: async (surroundings) => {
    const { options } = await common(surroundings);
    await writeWorkspace(options.workspaceFolder);
    const agent = path.join(fakes, 'matrixAgent');
    return {
      ...options,
      extensionPaths: [...options.extensionPaths, path.join(fakes, 'apiUser')],
      userSettings: {
        ...options.userSettings,
        'agentQuota.apiKey.requestsPerMinute': 100_000,
        'agentQuota.apiKey.tokensPerMinute': 1_000_000_000,
        'agentQuota.apiKey.concurrentAgents': 500,
      },
      env: {
        ...options.env,
        PATH: [agent, options.env['PATH']].join(path.delimiter),
        IS_SANDBOX: '1',
        AGENT_QUOTA_TEST_MATRIX_AGENT: agent,
        AGENT_QUOTA_TEST_CLAUDE: await claudeBinary(),
        AGENT_QUOTA_TEST_AGENT_SDK: await agentSdkModule(),
      },
      phases: [
        { name: 'all ways of starting', grep: '@matrix-table' },
        { name: 'before a reload with all kinds', grep: '@kinds-run' },
      ],
      timeoutMs: 600_000,
    };
  },
};
