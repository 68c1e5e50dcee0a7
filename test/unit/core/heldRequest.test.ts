import assert from 'node:assert/strict';
import { HeldRequest } from '../../../src/core/heldRequest.ts';
import type { Charge } from '../../../src/core/ledger.ts';
import { noTokens } from '../../../src/core/tokenEstimate.ts';

const unanswered = { usage: undefined, model: undefined, requestId: undefined } as const;

/** What is charged for a request of which 1000 tokens of input are expected. */
async function chargedFor(outcome: { readonly status?: number; readonly unsent?: true }): Promise<Charge[]> {
  const charges: Charge[] = [];
  const ask = { sessionId: 'a', usesTokens: true, bodyBytes: 4000 };
  const held = new HeldRequest(
    'r',
    ask,
    { ...noTokens, inputTokens: 1000 },
    {
      charge: () => Promise.resolve(),
      settle: (_id, _entry, charge) => {
        charges.push(charge);
        return Promise.resolve();
      },
      withdraw: () => Promise.resolve(),
      learn: () => assert.fail('there is nothing to learn'),
      answered: () => undefined,
    },
  );
  await held.settle({ ...unanswered, status: outcome.status, ...outcome });
  return charges;
}

describe('a held request of which no usage was told', () => {
  it('counts its input as expected, as the upstream may have counted it', async () => {
    for (const status of [undefined, 200]) {
      const charges = await chargedFor(status === undefined ? {} : { status });
      assert.deepEqual(charges, [{ requests: 1, inputTokens: 1000, outputTokens: 0 }]);
    }
  });

  it('counts none that was refused, or that the upstream cannot have had whole', async () => {
    for (const outcome of [{ status: 529 }, { unsent: true }] as const)
      assert.deepEqual(await chargedFor(outcome), [{ requests: 1, inputTokens: 0, outputTokens: 0 }]);
  });
});
