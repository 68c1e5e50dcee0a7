/**
 * `npm run bench:quota`: how agents fare that share a plan, with Agent Quota and with what people use today.
 * `--write` puts the tables into bench/README.md, `--only a,b` runs some scenarios, `--reality` compares the simulation
 * with real clients, gateway and engine.
 */
import { parseArgs } from 'node:util';
import { machine } from './machine.ts';
import { compareWithReality } from './quota/reality.ts';
import { missedGoals, quotaSummary } from './quota/quotaSummary.ts';
import { quotaTable } from './quota/quotaTable.ts';
import { runScenarios } from './quota/scenarioPool.ts';
import { headline, scenarios } from './quota/scenarios.ts';
import { writeReadmeSection } from './readmeSection.ts';

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, reality: { type: 'boolean' }, only: { type: 'string' } },
});

if (values.reality === true) {
  const text = await compareWithReality();
  console.log(text);
  if (values.write === true) writeReadmeSection('bench:quota:reality', `${text}\n\n${machine()}`);
} else {
  await simulateAll(values.only?.split(','));
}

async function simulateAll(only: readonly string[] | undefined): Promise<void> {
  const chosen = scenarios.filter(({ name }) => only?.includes(name) ?? true);
  const figures = await runScenarios(chosen.map(({ name }) => name));
  const sections = chosen.map(({ name, title, minutes }) => {
    const of = figures.get(name) ?? new Map();
    const missed = missedGoals(of);
    const verdict = missed.length === 0 ? 'All goals are met.' : `Agent Quota misses: ${missed.join('; ')}.`;
    return `### ${title}\n\n${minutes} simulated minutes. ${verdict}\n\n${quotaTable(of)}`;
  });
  const text = `${sections.join('\n\n')}\n\n${machine()}`;
  console.log(text);
  if (values.write === true) writeReadmeSection('bench:quota', text);
  const last = figures.get(headline);
  if (last !== undefined) console.log(JSON.stringify(quotaSummary(last)));
}
