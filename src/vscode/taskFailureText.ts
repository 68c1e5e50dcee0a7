import type { Problem } from '../core/credentials.ts';

/** What a task's terminal says of a problem, as the launcher would. A task's name is the workspace's: it is printed as text. */
export function taskFailureText({ message, nextStep }: Problem): string {
  return [message, nextStep].map((text) => `agent-quota: ${text.replace(/\p{Cc}+/gu, ' ').trim()}\r\n`).join('');
}
