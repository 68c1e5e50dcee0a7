import * as z from 'zod';
import type { ExportResult, OtlpRecord, OtlpValue, WantsBody } from './otlpRecord.ts';

const bodySchema = z.object({ stringValue: z.string() });

const requestSchema = z.object({
  resourceLogs: z
    .array(z.object({ scopeLogs: z.array(z.object({ logRecords: z.array(z.unknown()).default([]) })).default([]) }))
    .default([]),
});

const recordSchema = z.object({
  attributes: z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })).default([]),
});

/** By the field of `AnyValue`; whole numbers of 64 bits come as text or as numbers. */
const valueSchemas = {
  stringValue: z.string(),
  boolValue: z.boolean(),
  doubleValue: z.number(),
  intValue: z.union([
    z.int(),
    z
      .string()
      .regex(/^-?\d{1,19}$/)
      .transform(Number),
  ]),
} as const;

/**
 * Reads an `ExportLogsServiceRequest` in JSON. Source: OpenTelemetry Protocol specification, "JSON Protobuf Encoding".
 * @returns undefined for what is none.
 */
export function readJsonLogs(body: Buffer, wants: WantsBody): OtlpRecord[] | undefined {
  const request = requestSchema.safeParse(parsed(body));
  if (!request.success) return undefined;
  const records = request.data.resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords),
  );
  return records.flatMap((record) => readRecord(record, wants) ?? []);
}

/** An `ExportLogsServiceResponse` in JSON. */
export function jsonLogsAnswer({ rejectedRecords, message }: ExportResult): Buffer {
  const answer =
    rejectedRecords === 0
      ? {}
      : { partialSuccess: { rejectedLogRecords: String(rejectedRecords), errorMessage: message } };
  return Buffer.from(JSON.stringify(answer));
}

function readRecord(record: unknown, wants: WantsBody): OtlpRecord | undefined {
  const found = z.object({ body: bodySchema }).safeParse(record).data?.body.stringValue;
  if (found === undefined || !wants(found)) return undefined;
  const attributes = recordSchema.safeParse(record).data?.attributes ?? [];
  return { body: found, attributes: new Map(attributes.flatMap(({ key, value }) => entry(key, value))) };
}

function entry(key: string, value: Readonly<Record<string, unknown>>): [string, OtlpValue][] {
  for (const [field, schema] of Object.entries(valueSchemas)) {
    const read = schema.safeParse(value[field]);
    if (read.success) return [[key, read.data]];
  }
  return [];
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
