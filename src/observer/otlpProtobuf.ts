import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ExportResult, OtlpRecord, OtlpValue, WantsBody } from './otlpRecord.ts';

/**
 * Numbers of the fields that are read. Source: opentelemetry-proto, `collector/logs/v1/logs_service.proto`,
 * `logs/v1/logs.proto`, `common/v1/common.proto`.
 */
const fields = {
  request: { resourceLogs: 1 },
  resourceLogs: { scopeLogs: 2 },
  scopeLogs: { logRecords: 2 },
  logRecord: { body: 5, attributes: 6 },
  keyValue: { key: 1, value: 2 },
  anyValue: { stringValue: 1, boolValue: 2, intValue: 3, doubleValue: 4 },
  response: { partialSuccess: 1 },
  partialSuccess: { rejectedLogRecords: 1, errorMessage: 2 },
} as const;

/**
 * Reads an `ExportLogsServiceRequest` in protobuf.
 * @returns undefined for what is none.
 */
export function readProtobufLogs(body: Buffer, wants: WantsBody): OtlpRecord[] | undefined {
  try {
    return parts(body, fields.request.resourceLogs)
      .flatMap((resourceLogs) => parts(resourceLogs, fields.resourceLogs.scopeLogs))
      .flatMap((scopeLogs) => parts(scopeLogs, fields.scopeLogs.logRecords))
      .flatMap((record) => readRecord(record, wants) ?? []);
  } catch {
    return undefined;
  }
}

/** An `ExportLogsServiceResponse` in protobuf. */
export function protobufLogsAnswer({ rejectedRecords, message }: ExportResult): Buffer {
  if (rejectedRecords === 0) return Buffer.alloc(0);
  const { rejectedLogRecords, errorMessage } = fields.partialSuccess;
  const writer = new BinaryWriter().tag(fields.response.partialSuccess, WireType.LengthDelimited).fork();
  writer.tag(rejectedLogRecords, WireType.Varint).int64(rejectedRecords);
  writer.tag(errorMessage, WireType.LengthDelimited).string(message);
  return Buffer.from(writer.join().finish());
}

function readRecord(record: Uint8Array, wants: WantsBody): OtlpRecord | undefined {
  const bodies = parts(record, fields.logRecord.body);
  const body = bodies.map(anyValue).at(-1);
  if (typeof body !== 'string' || !wants(body)) return undefined;
  const attributes = new Map<string, OtlpValue>();
  for (const attribute of parts(record, fields.logRecord.attributes)) {
    const key = parts(attribute, fields.keyValue.key).at(-1);
    const value = parts(attribute, fields.keyValue.value).map(anyValue).at(-1);
    if (key !== undefined && value !== undefined) attributes.set(Buffer.from(key).toString('utf8'), value);
  }
  return { body, attributes };
}

/** The last one set wins, as in every protobuf message. */
function anyValue(bytes: Uint8Array): OtlpValue | undefined {
  const { stringValue, boolValue, intValue, doubleValue } = fields.anyValue;
  const reader = new BinaryReader(bytes);
  let value: OtlpValue | undefined;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === stringValue && type === WireType.LengthDelimited) value = reader.string();
    else if (field === boolValue && type === WireType.Varint) value = reader.bool();
    else if (field === intValue && type === WireType.Varint) value = Number(reader.int64());
    else if (field === doubleValue && type === WireType.Bit64) value = reader.double();
    else reader.skip(type, field);
  }
  return value;
}

/** The values of a field that holds messages, texts or bytes. */
function parts(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted && type === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(type, field);
  }
  return found;
}
