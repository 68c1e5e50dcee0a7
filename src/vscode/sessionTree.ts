import { type RowKind, type RowFlag, rowKinds } from '../contributions.ts';
import type { EngineSnapshot, ShownSession } from '../core/quotaEngine.ts';
import type { OtherMachine, SharedSession } from '../core/sharedState.ts';
import type { SubagentUsage } from '../core/subagent.ts';
import { formatNumberOf } from '../shared/amounts.ts';
import { subagentsByParent } from '../shared/subagentsByParent.ts';
import { childSessions } from './childSessions.ts';
import {
  machineRow,
  machineTooltip,
  otherSessionDetails,
  otherSessionRow,
  otherSessionTooltip,
} from './otherSession.ts';
import { type SessionDetail, sessionDetails } from './sessionDetails.ts';
import { rowSurroundings } from './rowSurroundings.ts';
import { matchesFilter } from './sessionFilter.ts';
import { type RowMark, type SessionRow, sessionRow, subagentRow, waitingRow } from './sessionRow.ts';
import { sessionTooltip, subagentTooltip, waitingTooltip } from './sessionTooltip.ts';

/** What sessions are listed under. `none`: under nothing, oldest first. */
export type Grouping = 'workspace' | 'agent' | 'none';

/** How the sessions are to be shown. */
export interface TreeWish {
  readonly grouping: Grouping;
  /** Only what matches is shown; empty for everything. */
  readonly filter: string;
  /** Name of this window's workspace, which is listed first. */
  readonly workspace: string;
  /** Sessions whose terminal is in this window. */
  readonly inTerminal: ReadonlySet<string>;
}

/** One row, with the ids of those under it. */
export interface TreeRow extends SessionRow {
  readonly kind: RowKind;
  /** What its menus ask for. */
  readonly flags: readonly RowFlag[];
  readonly parent: string | undefined;
  readonly children: readonly string[];
  /** Whether it is open until the user closes it. */
  readonly open: boolean;
  /** Made when it is looked at. */
  readonly tooltip?: (now: number) => string;
}

/** All rows by their ids, which stay the same for as long as what they show is there. */
export interface SessionTree {
  readonly rows: ReadonlyMap<string, TreeRow>;
  readonly top: readonly string[];
  /** Sessions that the filter lets through, of how many. */
  readonly shown: number;
  readonly sessions: number;
}

/** Only these of a snapshot are in the tree. */
export type TreeSource = Pick<EngineSnapshot, 'sessions' | 'line' | 'ownTickets' | 'planId' | 'health' | 'shared'>;

export const nothing: TreeSource = {
  sessions: [],
  line: [],
  ownTickets: [],
  planId: '',
  health: { healthy: true, activeAgents: 0, quotaPercentage: 0, problems: [] },
};

/**
 * Sessions under their window or agent, those that their agents have started under them, then who waits for a slot, then
 * the other machines that share the quota with their sessions.
 */
export function sessionTree(source: TreeSource, wish: TreeWish, now: number): SessionTree {
  return new TreeBuilder(source, wish, now).build();
}

class TreeBuilder {
  readonly #source: TreeSource;
  readonly #wish: TreeWish;
  readonly #now: number;
  readonly #rows = new Map<string, TreeRow>();
  readonly #children: ReadonlyMap<string, readonly ShownSession[]>;
  #shown = 0;

  constructor(source: TreeSource, wish: TreeWish, now: number) {
    this.#source = source;
    this.#wish = wish;
    this.#now = now;
    this.#children = childSessions(source.sessions);
  }

  build(): SessionTree {
    const { sessions, shared } = this.#source;
    const machines = shared?.machines ?? [];
    const roots = this.#children.get('') ?? [];
    const top = [...this.#groups(roots), ...this.#line(), ...machines.flatMap((machine) => this.#machine(machine))];
    const count = machines.reduce((sum, machine) => sum + machine.sessions.length, sessions.length);
    return { rows: this.#rows, top, shown: this.#shown, sessions: count };
  }

  #groups(roots: readonly ShownSession[]): string[] {
    const { grouping, workspace } = this.#wish;
    if (grouping === 'none') return this.#sessions(roots, undefined);
    const members = new Map<string, ShownSession[]>();
    for (const root of roots) {
      const name = grouping === 'workspace' ? root.workspace : root.agentId;
      const known = members.get(name);
      if (known === undefined) members.set(name, [root]);
      else known.push(root);
    }
    const first = grouping === 'workspace' ? workspace : '';
    const rank = (name: string): number => (name === first ? 0 : name === '' ? 2 : 1);
    const names = [...members.keys()].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
    return names.flatMap((name) => this.#group(name, members.get(name) ?? []));
  }

  #group(name: string, roots: readonly ShownSession[]): string[] {
    const { grouping, workspace } = this.#wish;
    const id = `${grouping}:${name}`;
    const before = this.#shown;
    const children = this.#sessions(roots, id);
    if (children.length === 0) return [];
    const count = formatNumberOf(this.#shown - before, 'session');
    const here = grouping === 'workspace' && name === workspace;
    const mark = grouping === 'agent' ? 'agent' : here ? 'this window' : 'window';
    const label = name === '' ? 'No workspace' : name;
    this.#rows.set(id, {
      kind: rowKinds.group,
      flags: [],
      label,
      description: count,
      mark,
      spoken: `${grouping} ${label}, ${count}${here ? ', this window' : ''}`,
      parent: undefined,
      children,
      open: true,
    });
    return [id];
  }

  #sessions(sessions: readonly ShownSession[], parent: string | undefined): string[] {
    return sessions.flatMap((session) => this.#session(session, parent));
  }

  /** A session that matches has all that is under it; of one that does not, what matches is there with it. */
  #session(session: ShownSession, parent: string | undefined): string[] {
    const { sessionId } = session;
    const around = rowSurroundings(session, this.#source);
    const row = sessionRow(session, around, this.#now);
    const started = this.#children.get(sessionId) ?? [];
    const matches = matchesFilter(this.#wish.filter, session, row.mark);
    if (matches) this.#shown += 1;
    const children = this.#sessions(started, sessionId);
    if (!matches && children.length === 0) return [];
    this.#rows.set(sessionId, {
      ...row,
      kind: rowKinds.session,
      flags: this.#flags(session, row.mark),
      parent,
      children: [...children, ...this.#subagents(session), ...this.#details(session)],
      open: children.length > 0,
      tooltip: (now) => sessionTooltip(session, around, now),
    });
    return [sessionId];
  }

  #flags({ sessionId }: ShownSession, mark: RowMark): RowFlag[] {
    const flags: RowFlag[] = [];
    if (mark === 'paused') flags.push('paused');
    else if (mark !== 'unauthenticated') flags.push('pausable');
    if (this.#wish.inTerminal.has(sessionId)) flags.push('terminal');
    return flags;
  }

  #subagents(session: ShownSession): string[] {
    const started = subagentsByParent(session.subagents);
    const idOf = ({ subagentId }: SubagentUsage): string => `${session.sessionId} ${subagentId}`;
    for (const [parentId, subagents] of started) {
      for (const subagent of subagents) {
        this.#rows.set(idOf(subagent), {
          ...subagentRow(subagent),
          kind: rowKinds.subagent,
          flags: [],
          parent: parentId === undefined ? session.sessionId : `${session.sessionId} ${parentId}`,
          children: (started.get(subagent.subagentId) ?? []).map(idOf),
          open: false,
          tooltip: (now) => subagentTooltip(subagent, now),
        });
      }
    }
    return (started.get(undefined) ?? []).map(idOf);
  }

  #details(session: ShownSession): string[] {
    return this.#detailRows(session.sessionId, sessionDetails(session, this.#now));
  }

  #detailRows(parent: string, details: readonly SessionDetail[]): string[] {
    return details.map((detail) => this.#detail(parent, detail));
  }

  #detail(sessionId: string, [name, value]: SessionDetail): string {
    const id = `${sessionId}#${name}`;
    this.#rows.set(id, {
      kind: rowKinds.detail,
      flags: [],
      label: name,
      description: value,
      mark: 'detail',
      spoken: `${name}: ${value}`,
      parent: sessionId,
      children: [],
      open: false,
    });
    return id;
  }

  #line(): string[] {
    const { line, ownTickets } = this.#source;
    const here = new Set(ownTickets);
    return line.flatMap((place) => {
      if (!matchesFilter(this.#wish.filter, { agentId: place.agentId }, 'waiting')) return [];
      this.#rows.set(place.ticket, {
        ...waitingRow(place, this.#now),
        kind: rowKinds.waiting,
        flags: here.has(place.ticket) ? ['here'] : [],
        parent: undefined,
        children: [],
        open: false,
        tooltip: () => waitingTooltip(place),
      });
      return [place.ticket];
    });
  }

  /** A machine without sessions is there too: it shares the quota. A filter hides it unless it finds something. */
  #machine(machine: OtherMachine): string[] {
    const id = `machine:${machine.machineId}`;
    const started = childSessions(machine.sessions);
    const before = this.#shown;
    const below = (sessions: readonly SharedSession[], parent: string): string[] =>
      sessions.flatMap((session) => this.#otherSession(session, machine, parent, started, below));
    const children = below(started.get('') ?? [], id);
    if (children.length === 0 && this.#wish.filter !== '') return [];
    const isOld = this.#source.shared?.kind !== 'live';
    this.#rows.set(id, {
      ...machineRow(machine, this.#shown - before),
      kind: rowKinds.machine,
      flags: [],
      parent: undefined,
      children,
      open: true,
      tooltip: () => machineTooltip(machine, isOld),
    });
    return [id];
  }

  #otherSession(
    session: SharedSession,
    machine: OtherMachine,
    parent: string,
    started: ReadonlyMap<string, readonly SharedSession[]>,
    below: (sessions: readonly SharedSession[], parent: string) => string[],
  ): string[] {
    // The other machine chooses its ids; they must not be taken for one of this machine's.
    const id = `machine:${machine.machineId} ${session.sessionId}`;
    const row = otherSessionRow(session, machine, this.#now);
    const matches = matchesFilter(this.#wish.filter, { ...session, workspace: machine.name }, row.mark);
    if (matches) this.#shown += 1;
    const children = below(started.get(session.sessionId) ?? [], id);
    if (!matches && children.length === 0) return [];
    this.#rows.set(id, {
      ...row,
      kind: rowKinds.otherSession,
      flags: [],
      parent,
      children: [...children, ...this.#detailRows(id, otherSessionDetails(session, this.#now))],
      open: children.length > 0,
      tooltip: (now) => otherSessionTooltip(session, machine, now),
    });
    return [id];
  }
}
