import axe from 'axe-core';
import type { Frame } from 'playwright-core';

/** What axe-core finds in a page: one line for each element that breaks a rule. */
export async function accessibilityViolations(frame: Frame): Promise<string[]> {
  // By evaluation, which a page's content security policy does not hold up as it would a script.
  await frame.evaluate(axe.source);
  const run = 'axe.run(document, { resultTypes: ["violations"] })';
  const { violations } = await frame.evaluate<axe.AxeResults>(run);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}
