import * as z from 'zod';

/** What many kinds of rows have in them. */
export const usage = z.object({
  inputTokens: z.number(),
  cacheCreation5mTokens: z.number(),
  cacheCreation1hTokens: z.number(),
  cacheReadTokens: z.number(),
  outputTokens: z.number(),
});

export const amounts = z.object({
  requestsPerMinute: z.number(),
  tokensPerMinute: z.number(),
  inputTokensPerMinute: z.number(),
  outputTokensPerMinute: z.number(),
});

/** A column of JSON text. */
export const json = z.string().transform((text): unknown => JSON.parse(text));
