/** The commands that ask the engine something, or have something done, and end. */
export const queryCommands = ['status', 'quota', 'sessions', 'test', 'cleanup', 'release'] as const;
export type QueryCommand = (typeof queryCommands)[number];

/** Every command, as help lists them. */
export const commandNames = ['run', ...queryCommands, 'ledger'] as const;
export type CommandName = (typeof commandNames)[number];
