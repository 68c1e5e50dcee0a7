/** What is wrong with options, as `parseArgs` of Node.js says it, less the advice that does not fit here. */
export function optionsProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const [, option] =
    /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument (?:is ambiguous|missing)/.exec(message) ?? [];
  if (option !== undefined) return `${option} has no value. Write one that begins with a dash as ${option}=VALUE.`;
  const [first = ''] = message.split(/\. |\n/);
  return first === '' ? 'The options are not understood.' : `${first}.`;
}
