import { launcherVariables } from '../shared/launcherMessages.ts';
import { type EngineAddress } from './engineConnection.ts';

/** How to find the engine of this terminal's window; undefined where there is none. */
export function engineAddress(): EngineAddress | undefined {
  const socket = process.env[launcherVariables.socket] ?? '';
  const secret = process.env[launcherVariables.secret] ?? '';
  return socket === '' || secret === '' ? undefined : { socket, secret };
}
