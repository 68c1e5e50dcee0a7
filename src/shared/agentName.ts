/** What an agent may be called. */
export const agentIdPattern = /^[A-Za-z0-9._:@/-]{1,64}$/;

/** The same for people. */
export const agentIdRule = 'An agent name has 1 to 64 letters, digits or . _ : @ / -';
