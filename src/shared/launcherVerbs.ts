/** Words that programs say to the launcher, and no user: they are in no help. */
export const launcherVerbs = {
  /** `register-process PID ARGUMENT…`: see `register`. */
  register: 'register-process',
} as const;

/** The file of the process wrapper, among the commands for terminals. */
export const processWrapperName = 'claude-process-wrapper';
