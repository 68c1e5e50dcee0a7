/** An attribute's value, as far as it is one that is read here. */
export type OtlpValue = string | number | boolean;

/** A log record of OpenTelemetry, as far as it is read here. */
export interface OtlpRecord {
  /** Its body, where that is a text: Claude Code puts the event's name there. */
  readonly body: string;
  readonly attributes: ReadonlyMap<string, OtlpValue>;
}

/** Records whose body is this are read; of others nothing is looked at. */
export type WantsBody = (body: string) => boolean;

/** What an exporter is answered with. Source: OpenTelemetry Protocol specification, "Full Success", "Partial Success". */
export interface ExportResult {
  readonly rejectedRecords: number;
  /** For people, in English; empty when all were accepted. */
  readonly message: string;
}
