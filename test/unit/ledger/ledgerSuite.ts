import type { OpenLedger } from './ledgerTester.ts';
import { limitTests } from './limitTests.ts';
import { modelGroupTests } from './modelGroupTests.ts';
import { agentLimitTests } from './agentLimitTests.ts';
import { windowTests } from './windowTests.ts';
import { accountTests } from './accountTests.ts';
import { adaptiveShareTests } from './adaptiveShareTests.ts';
import { correctionTests } from './correctionTests.ts';
import { bookTests } from './bookTests.ts';
import { usageTests } from './usageTests.ts';
import { moveTests } from './moveTests.ts';
import { lineTests } from './lineTests.ts';
import { planChangeTests } from './planChangeTests.ts';
import { requestTests } from './requestTests.ts';
import { sessionTests } from './sessionTests.ts';
import { sharedTests } from './sharedTests.ts';
import { slotTests } from './slotTests.ts';
import { steeringTests } from './steeringTests.ts';

/** What every ledger does, whatever it is kept in. */
export function ledgerSuite(name: string, openLedger: OpenLedger): void {
  describe(name, () => {
    slotTests(openLedger);
    sessionTests(openLedger);
    steeringTests(openLedger);
    requestTests(openLedger);
    lineTests(openLedger);
    limitTests(openLedger);
    sharedTests(openLedger);
    modelGroupTests(openLedger);
    agentLimitTests(openLedger);
    windowTests(openLedger);
    adaptiveShareTests(openLedger);
    correctionTests(openLedger);
    bookTests(openLedger);
    usageTests(openLedger);
    moveTests(openLedger);
    planChangeTests(openLedger);
    accountTests(openLedger);
  });
}
