/** A process that stands for a machine: its own ledger, its own connections, and its agents. */
import { openFixedWindowQuota } from './fixedWindowQuota.ts';
import { openLeasedQuota } from './leasedQuota.ts';
import { MachineAgents } from './machineAgents.ts';
import type { FromMachine, MachineTask, ToMachine } from './machineMessages.ts';
import type { MachineQuota } from './machineQuota.ts';
import { openStaticShareQuota } from './staticShareQuota.ts';

/** How often measures are told: what was measured since is lost when the process is killed. */
const tellEveryMs = 1000;

const task = JSON.parse(process.argv[2] ?? '') as MachineTask;
const tell = (message: FromMachine, then?: () => void): void => {
  process.send?.(message, undefined, undefined, then);
};
process.on('disconnect', () => process.exit(0));

const quota = await openQuota();
const agents = new MachineAgents(task, quota, tell);
agents.start((error) => {
  console.error(error);
  process.exit(1);
});
const timer = setInterval(() => {
  tell({ kind: 'measured', ...quota.measures() });
}, tellEveryMs);
process.on('message', (message: ToMachine) => {
  if (message.kind === 'demand') agents.want(message.demand);
  else if (message.kind === 'close') void close();
  else agents.hear(message);
});
tell({ kind: 'ready' });

function openQuota(): MachineQuota | Promise<MachineQuota> {
  switch (task.sharing) {
    case 'leased':
      return openLeasedQuota(task);
    case 'fixedWindow':
      return openFixedWindowQuota(task);
    case 'staticShares':
      return openStaticShareQuota(task);
  }
}

async function close(): Promise<void> {
  agents.want('none');
  await agents.idle();
  clearInterval(timer);
  await quota.close();
  tell({ kind: 'measured', ...quota.measures() });
  tell({ kind: 'closed' }, () => process.exit(0));
}
