/** A setting's value as it stands in settings.json, cut short where it is long. */
export function shownValue(value: unknown): string {
  // There is no JSON for what cannot come out of a file, such as a function.
  const text = (JSON.stringify(value) as string | undefined) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
