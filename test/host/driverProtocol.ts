import { z } from 'zod';

/** The variable by which the extension host learns the driver's address, which holds a secret. */
export const driverVariable = 'AGENT_QUOTA_TEST_DRIVER';

/** Which tests a page load is to run. */
export const phaseSchema = z.object({
  /** Shown in the output, and a name for tests to ask which phase they are in. */
  name: z.string(),
  /** A regular expression that a test's full title must match. */
  grep: z.string().optional(),
  /** A regular expression that a test's full title must not match. */
  skip: z.string().optional(),
  /** The window is not reloaded before this phase but closed, and opened again after so many milliseconds. */
  closedForMs: z.number().optional(),
  /** The extension host is killed before the window is reloaded, and closes nothing in good order. */
  hostIsKilled: z.boolean().optional(),
});

/** One thing that mocha tells, as it happens. */
export const testEventSchema = z.discriminatedUnion('kind', [
  /** A test has begun, so that a crash can be laid at its door. */
  z.object({ kind: z.literal('test'), fullTitle: z.string() }),
  z.object({ kind: z.literal('suite'), depth: z.number(), title: z.string() }),
  z.object({ kind: z.literal('pass'), depth: z.number(), title: z.string(), milliseconds: z.number() }),
  z.object({ kind: z.literal('pending'), depth: z.number(), title: z.string() }),
  z.object({
    kind: z.literal('fail'),
    depth: z.number(),
    title: z.string(),
    fullTitle: z.string(),
    error: z.string(),
  }),
  /** All tests of the phase have run. */
  z.object({ kind: z.literal('end') }),
]);

/**
 * Where a selector or an expression is looked up: the workbench's page, the webviews' frames inside it, or the page of
 * the other window.
 */
const withinSchema = z.enum(['workbench', 'webview', 'other window']).default('workbench');

/** What can be asked of the driver: the body of a POST to the path of the same name. */
export const driverRequests = {
  report: testEventSchema,
  screenshot: z.object({ name: z.string().regex(/^[\w.-]+$/), selector: z.string().optional(), within: withinSchema }),
  resize: z.object({ width: z.int().positive(), height: z.int().positive() }),
  press: z.object({ keys: z.string() }),
  type: z.object({ text: z.string() }),
  click: z.object({ selector: z.string(), within: withinSchema, button: z.enum(['left', 'right']).default('left') }),
  hover: z.object({ selector: z.string(), within: withinSchema }),
  text: z.object({ selector: z.string(), within: withinSchema }),
  evaluate: z.object({ expression: z.string(), within: withinSchema }),
  violations: z.object({ within: withinSchema }),
  reload: phaseSchema,
  otherWindow: z.object({ open: z.boolean() }),
} as const;

export type Phase = z.infer<typeof phaseSchema>;
export type TestEvent = z.infer<typeof testEventSchema>;
export type DriverRequestKind = keyof typeof driverRequests;
/** A request as its sender writes it (defaults left out). */
export type DriverRequest<K extends DriverRequestKind> = z.input<(typeof driverRequests)[K]>;
/** A request as the driver reads it. */
export type ParsedDriverRequest<K extends DriverRequestKind> = z.output<(typeof driverRequests)[K]>;
export type Within = z.output<typeof withinSchema>;
