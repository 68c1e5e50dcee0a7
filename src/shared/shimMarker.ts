/**
 * Is in the first {@link markedBytes} of every command that Agent Quota puts on PATH. Another variant of VS Code may have
 * put one there too, so ours are known by what is in them and not by where they are.
 */
export const shimMarker = 'agent-quota-shim';

/** How much of a program is read to see whether it is one of ours. */
export const markedBytes = 200;
