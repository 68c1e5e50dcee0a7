/** In the directory of the control sockets: the secret that all engines ask launchers for. */
export const secretFileName = 'launcher-secret';

/** @returns undefined when there is no secret, or none that is whole. */
export function readSecretText(text: string): string | undefined {
  return /^[A-Za-z0-9_-]{32}$/.test(text) ? text : undefined;
}
