import type { SimulatedMessage } from './simulatedMessage.ts';
import type { AnswerDelays, ForcedFault, UpstreamBehaviour } from './upstreamBehaviour.ts';

/** What an admitted request is going to be answered, whatever is switched meanwhile. */
export interface PlannedAnswer {
  readonly message: SimulatedMessage;
  readonly behaviour: UpstreamBehaviour;
  readonly delays: AnswerDelays;
  readonly fault: ForcedFault | undefined;
}
