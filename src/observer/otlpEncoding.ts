import { headerValue } from '../loopback/headerValue.ts';
import { jsonLogsAnswer, readJsonLogs } from './otlpJson.ts';
import type { ExportResult, OtlpRecord, WantsBody } from './otlpRecord.ts';

/** One of OTLP's two encodings over HTTP. Source: OpenTelemetry Protocol specification, "OTLP/HTTP". */
export interface OtlpEncoding {
  /** Of both the request and its answer. */
  readonly contentType: string;
  /** @returns undefined for what is no `ExportLogsServiceRequest`. */
  read(body: Buffer, wants: WantsBody): OtlpRecord[] | undefined;
  /** An `ExportLogsServiceResponse`. */
  answer(result: ExportResult): Buffer;
}

const json: OtlpEncoding = { contentType: 'application/json', read: readJsonLogs, answer: jsonLogsAnswer };

/** @returns undefined when a request is in neither. */
export async function otlpEncodingOf(rawHeaders: readonly string[]): Promise<OtlpEncoding | undefined> {
  const contentType = headerValue(rawHeaders, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (contentType === json.contentType) return json;
  if (contentType !== 'application/x-protobuf') return undefined;
  // Agents are told to send JSON, so that the other reader is seldom needed.
  const { protobufLogsAnswer, readProtobufLogs } = await import('./otlpProtobuf.ts');
  return { contentType, read: readProtobufLogs, answer: protobufLogsAnswer };
}
