/** A scenario and a contestant, both by name. */
export interface SimulationJob {
  readonly scenario: string;
  readonly contestant: string;
}
