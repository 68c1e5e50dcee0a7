/** What is limited in a shared plan, by the option that sets it. */
export const limitOptions = {
  'requests-per-minute': 'requestsPerMinute',
  'tokens-per-minute': 'tokensPerMinute',
  'input-tokens-per-minute': 'inputTokensPerMinute',
  'output-tokens-per-minute': 'outputTokensPerMinute',
  'tokens-per-day': 'tokensPerDay',
  slots: 'slots',
} as const;
export type LimitOption = keyof typeof limitOptions;
export type SetDimension = (typeof limitOptions)[LimitOption];

/** What the user wants of the shared ledger. */
export type LedgerWish =
  | { readonly action: 'init'; readonly members: string | undefined }
  | { readonly action: 'check' }
  | {
      readonly action: 'limits';
      /** Undefined: all plans. */
      readonly planId: string | undefined;
      /** What is set; null takes a limit away. Empty: nothing is changed. */
      readonly set: Readonly<Partial<Record<SetDimension, number | null>>>;
      /** Behind the plan's id: `model/GROUP` or `agent/NAME`; undefined for the whole plan. */
      readonly scope: string | undefined;
      /** The role whose members may use the plan. */
      readonly role: string | undefined;
      /** How long leases of all plans last. */
      readonly leaseSeconds: number | undefined;
    };

/** What came of it. */
export interface LedgerAnswer {
  readonly text: string;
  readonly part: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string; readonly nextStep: string };
}

/** What the bundle of the shared ledger's commands exports. */
export interface LedgerModule {
  readonly answerLedger: (
    wish: LedgerWish,
    environment: Readonly<Record<string, string | undefined>>,
  ) => Promise<LedgerAnswer>;
}
