import { claudeCodeAlone, sdkAlone } from './aloneContestant.ts';
import type { ContestantKind } from './contestant.ts';
import { engineContestant } from './engineContestant.ts';
import { fixedWindowContestant } from './fixedWindowContestant.ts';
import { reservoirContestant } from './reservoirContestant.ts';
import { staticShareContestant } from './staticShareContestant.ts';

/** Agent Quota first; the others are what people use today. */
export const contestants: readonly ContestantKind[] = [
  engineContestant,
  claudeCodeAlone,
  sdkAlone,
  fixedWindowContestant,
  reservoirContestant,
  staticShareContestant,
];
