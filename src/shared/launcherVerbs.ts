/** Words that programs say to the launcher, and no user: they are in no help. */
export const launcherVerbs = {
  /** `register-process PID ARGUMENT…`: see `register`. */
  register: 'register-process',
} as const;
