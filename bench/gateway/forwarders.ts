import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { peersDirectory } from './peerPackages.ts';

/** What a forwarder is started with. */
export interface ForwarderPlace {
  /** Free when it starts. */
  readonly port: number;
  readonly upstream: string;
  /** An empty folder of its own, also its home. */
  readonly directory: string;
}

/** Something between the load and the upstream. */
export interface Forwarder {
  readonly title: string;
  /** Whether it is somebody else's, and installed with the peers. */
  readonly isPeer: boolean;
  /** What its process runs: a program and its arguments. Undefined for nothing in between. */
  readonly program: ((place: ForwarderPlace) => readonly string[]) | undefined;
  /** Whether it is ours: tells its route itself, and what it has metered. Others take any key at their port. */
  readonly meters?: boolean;
  /** Headers that it wants beside those of an agent; alternating names and values. */
  readonly headers?: (place: ForwarderPlace) => string[];
  /** Done in its folder before it starts. */
  readonly prepare?: (place: ForwarderPlace) => Promise<void>;
}

const own = (file: string): string => join(import.meta.dirname, file);
const peer = (...file: string[]): string => join(peersDirectory, ...file);
const installed = (...file: string[]): string => peer('node_modules', ...file);

/** As `--only` takes them, in the order of the tables. */
export const forwarderNames = [
  'direct',
  'pipe',
  'undiciPipe',
  'gateway',
  'gatewayInMemory',
  'httpProxy3',
  'fastify',
  'portkey',
  'claudeCodeRouter',
] as const;
export type ForwarderName = (typeof forwarderNames)[number];

export const forwarders: Readonly<Record<ForwarderName, Forwarder>> = {
  direct: { title: 'direct', isPeer: false, program: undefined },
  pipe: {
    title: 'bare `node:http` pipe',
    isPeer: false,
    program: ({ port, upstream }) => [own('pipeProxy.ts'), `${port}`, upstream],
  },
  undiciPipe: {
    title: 'bare pipe with undici',
    isPeer: false,
    program: ({ port, upstream }) => [own('undiciPipe.ts'), `${port}`, upstream],
  },
  gateway: {
    title: '**Agent Quota**, ledger in SQLite',
    isPeer: false,
    meters: true,
    program: ({ upstream }) => [own('engineProcess.ts'), upstream, 'sqlite'],
  },
  gatewayInMemory: {
    title: 'Agent Quota, ledger in memory',
    isPeer: false,
    meters: true,
    program: ({ upstream }) => [own('engineProcess.ts'), upstream, 'memory'],
  },
  httpProxy3: {
    title: 'http-proxy-3',
    isPeer: true,
    program: ({ port, upstream }) => [peer('httpProxy3.js'), `${port}`, upstream],
  },
  fastify: {
    title: 'fastify with @fastify/http-proxy',
    isPeer: true,
    program: ({ port, upstream }) => [peer('fastify.js'), `${port}`, upstream],
  },
  portkey: {
    title: '@portkey-ai/gateway',
    isPeer: true,
    program: ({ port }) => [
      installed('@portkey-ai', 'gateway', 'build', 'start-server.js'),
      `--port=${port}`,
      '--headless',
    ],
    headers: ({ upstream }) => [...['x-portkey-provider', 'anthropic'], ...['x-portkey-custom-host', `${upstream}/v1`]],
  },
  claudeCodeRouter: {
    title: '@musistudio/claude-code-router',
    isPeer: true,
    program: () => [installed('@musistudio', 'claude-code-router', 'dist', 'cli.js'), 'start'],
    prepare: configureClaudeCodeRouter,
  },
};

/**
 * The forwarders of these names, and the two that all figures are compared with.
 * @param only all when undefined.
 * @throws Error for a name that is none.
 */
export function chosenForwarders(only: readonly string[] | undefined): ForwarderName[] {
  const wanted = new Set<string>(only === undefined ? forwarderNames : ['direct', 'pipe', ...only]);
  const chosen = forwarderNames.filter((name) => wanted.delete(name));
  const [unknown] = wanted;
  if (unknown !== undefined) throw new Error(`There is no ${unknown}, but ${forwarderNames.join(', ')}.`);
  return chosen;
}

async function configureClaudeCodeRouter({ port, upstream, directory }: ForwarderPlace): Promise<void> {
  const model = 'claude-sonnet-5';
  const settings = {
    HOST: '127.0.0.1',
    PORT: port,
    LOG: false,
    NON_INTERACTIVE_MODE: true,
    Providers: [
      {
        name: 'upstream',
        api_base_url: `${upstream}/v1/messages`,
        api_key: 'bench',
        models: [model],
        transformer: { use: ['Anthropic'] },
      },
    ],
    Router: { default: `upstream,${model}` },
  };
  await mkdir(join(directory, '.claude-code-router'));
  await writeFile(join(directory, '.claude-code-router', 'config.json'), JSON.stringify(settings));
}
