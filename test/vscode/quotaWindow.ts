import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import type { AgentRecord } from '../../src/core/quotaEngine.ts';
import type { Usage } from '../../src/core/usage.ts';
import { hostDriver } from '../host/driverClient.ts';
import { filesBelow } from '../host/filesOnDisk.ts';
import type { AgentQuotaApi } from '../../src/vscode/agentQuotaApi.ts';
import type { Served } from '../fakes/servedLog.ts';
import type { UpstreamBehaviour } from '../fakes/upstreamBehaviour.ts';

/** What the user's own key is in these tests; the runner puts it into VS Code's environment. */
export const realKey = (): string => required('AGENT_QUOTA_TEST_REAL_KEY');

/** A directory outside of the workspace and of VS Code's own, for what agents write. */
export const scratch = (): string => required('AGENT_QUOTA_TEST_SCRATCH');

/** Where VS Code keeps everything of this window. */
export const userData = (): string => required('AGENT_QUOTA_TEST_USER_DATA');

/** The extension under test, active. */
export async function agentQuota(): Promise<AgentQuotaApi> {
  const extension = vscode.extensions.getExtension<AgentQuotaApi>('agent-quota.agent-quota');
  assert.ok(extension, 'the extension is there');
  return extension.activate();
}

/** Waits until a value is there. @param what it is, for the message when it does not come. */
export async function until<T>(what: string, value: () => T | Promise<T>, withinMs = 15_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await value();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > deadline) {
      throw new Error(`Waited ${withinMs} ms in vain: ${what}. Meanwhile: ${await whatThereIs()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What engine and window say at this moment, for whoever looks for the reason of a failure. */
async function whatThereIs(): Promise<string> {
  const api = await agentQuota();
  const [agents, health, quota] = await Promise.all([api.getActiveAgents(), api.checkAuthHealth(), api.quotaStatus()]);
  const bar = await hostDriver().evaluate(`document.querySelector('.statusbar')?.innerText ?? ''`);
  return JSON.stringify({
    agents: agents.map(
      ({ agentId, sessionId, mode, requests, runningRequests, process }) =>
        `${agentId} ${sessionId} ${mode}, ${requests} requests and ${runningRequests} running, process ${process.pid}`,
    ),
    problems: health.problems.map(({ code }) => code),
    slots: quota.limits.find(({ dimension }) => dimension === 'slots'),
    terminals: vscode.window.terminals.map(({ name }) => name),
    bar: String(bar).replaceAll('\n', ' '),
    terminal: await terminalText(),
    notifications: (await shownNotifications()).replaceAll('\n', ' '),
  });
}

/** What the simulated upstream has served with the user's real key so far. */
export async function served(): Promise<Served['total']> {
  const answer = await fetch(new URL('/_simulated/served', upstreamUrl()));
  return ((await answer.json()) as Served).total;
}

/** Changes how the simulated upstream behaves. */
export async function behave(change: Partial<UpstreamBehaviour>): Promise<void> {
  const answer = await fetch(new URL('/_simulated/behaviour', upstreamUrl()), {
    method: 'POST',
    body: JSON.stringify(change),
  });
  assert.ok(answer.ok, await answer.text());
}

export const upstreamUrl = (): string => required('AGENT_QUOTA_TEST_UPSTREAM');

/** Tokens served between two counts. */
export function tokensBetween(before: Served['total'], after: Served['total']): Usage {
  return {
    inputTokens: after.inputTokens - before.inputTokens,
    cacheCreation5mTokens: after.cacheCreation5mTokens - before.cacheCreation5mTokens,
    cacheCreation1hTokens: after.cacheCreation1hTokens - before.cacheCreation1hTokens,
    cacheReadTokens: after.cacheReadTokens - before.cacheReadTokens,
    outputTokens: after.outputTokens - before.outputTokens,
  };
}

/** Makes one request as an agent, or as a subagent of it. @returns the status. */
export async function ask(url: string, token: string, content = 'hi', subagentId?: string): Promise<number> {
  const body = { model: 'claude-opus-5-5', max_tokens: 16, messages: [{ role: 'user', content }] };
  const answer = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: {
      'x-api-key': token,
      'anthropic-version': '2023-06-01',
      'content-type': 'application/json',
      ...(subagentId !== undefined && { 'x-claude-code-agent-id': subagentId }),
    },
    body: JSON.stringify(body),
  });
  await answer.text();
  return answer.status;
}

/** Every file that VS Code has written of this window, with its bytes as latin1. */
export function everythingOnDisk(): { readonly file: string; readonly content: string }[] {
  return filesBelow(userData());
}

/** The live sessions, as the tree gets them. */
export async function liveSessions(): Promise<readonly AgentRecord[]> {
  return (await agentQuota()).getActiveAgents();
}

/** What the names of agent terminals begin with. */
export const agentTerminalPrefix = 'Claude Agent: ';

/**
 * Opens an agent terminal, by the command as a user does. It is known by its name: after a reload VS Code may still bring
 * back a terminal that was open before.
 */
export async function openAgentTerminal(
  open: () => Promise<unknown> = async () => vscode.commands.executeCommand(commands.newAgentTerminal),
): Promise<vscode.Terminal> {
  const before = new Set(vscode.window.terminals);
  await open();
  return until(
    'an agent terminal opens',
    () => vscode.window.terminals.find((one) => one.name.startsWith(agentTerminalPrefix) && !before.has(one)),
    60_000,
  );
}

/** Ends every session and closes every terminal that is left, so that the next test starts from nothing. */
export async function clearWindow(): Promise<void> {
  const api = await agentQuota();
  // A terminal that is open keeps its agent's name.
  await until('no terminal is left', () => {
    for (const terminal of vscode.window.terminals) terminal.dispose();
    return vscode.window.terminals.length === 0;
  });
  for (const { agentId } of await api.getActiveAgents()) await api.releaseAgentAuth(agentId);
  await until('no session is left', async () => (await api.getActiveAgents()).length === 0);
}

/**
 * The text of all notifications. VS Code shows no toasts while tests run, so they are read, as a user can, in the
 * notification centre.
 */
export async function shownNotifications(): Promise<string> {
  await vscode.commands.executeCommand('notifications.showList');
  const text = await hostDriver().evaluate(`document.querySelector('.notifications-center')?.innerText ?? ''`);
  return String(text);
}

/** Types an answer into VS Code's box for questions, as soon as it takes one; what has lost a letter is typed again. */
export async function typeIntoQuestion(text: string): Promise<void> {
  const driver = hostDriver();
  const input = `document.querySelector('.quick-input-widget:not([style*="display: none"]) input')`;
  await until('the question takes an answer', () =>
    driver.evaluate(`${input} !== null && document.activeElement === ${input}`),
  );
  await driver.type(text);
  await until('all of it is there', async () => {
    if ((await driver.evaluate(`${input}?.value`)) === text) return true;
    await driver.press('ControlOrMeta+A');
    await driver.type(text);
    return false;
  });
}

/** VS Code writes down a moment after a terminal has opened which terminals it has to restore in a reloaded window. */
export function terminalsAreWrittenDown(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2000));
}

/** What the visible terminal shows, in one line. */
export async function terminalText(): Promise<string> {
  const text = await hostDriver().evaluate(
    `[...document.querySelectorAll('.terminal-wrapper.active .xterm-rows > div')].map(({ textContent }) => textContent).join('')`,
  );
  return String(text).replaceAll('\u00a0', ' ');
}

/** Whether the extension host can be killed: a desktop VS Code ends with that of its tests, and is only reloaded. */
export const hostIsKilled = vscode.env.uiKind === vscode.UIKind.Web;

/** Sets a user setting; undefined takes it away. */
export async function set(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration().update(name, value, vscode.ConfigurationTarget.Global);
}

/** Changes the window's environment, and has the engine go by it, for as long as the body runs. */
export async function withEnvironment(
  changes: Record<string, string | undefined>,
  body: () => Promise<void>,
): Promise<void> {
  const saved = Object.fromEntries(Object.keys(changes).map((name) => [name, process.env[name]]));
  try {
    apply(changes);
    await lookAgain();
    await body();
  } finally {
    apply(saved);
    await lookAgain();
  }
}

function apply(changes: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
}

/**
 * Has the extension look for credentials, as it does when the window's own key is forgotten, and the engine hear of them.
 * A login that has gone is looked for twice, a second apart.
 */
export async function lookAgain(): Promise<void> {
  await vscode.commands.executeCommand(commands.forgetApiKey);
  await until('the engine goes by the environment', goesByEnvironment);
}

async function goesByEnvironment(): Promise<boolean> {
  const api = await agentQuota();
  const [{ planKind }, { problems }] = await Promise.all([api.quotaStatus(), api.checkAuthHealth()]);
  const { ANTHROPIC_API_KEY: key = process.env['CLAUDE_API_KEY'], CLAUDE_CODE_OAUTH_TOKEN: login } = process.env;
  const hasCredentials = !problems.some(({ code }) => code === 'no-credentials');
  if (key === undefined && login === undefined) return !hasCredentials;
  return hasCredentials && planKind === (key === undefined ? 'MaxSubscription' : 'ApiKey');
}

function required(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is set by the runner`);
  return value;
}
