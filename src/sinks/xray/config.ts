/** The settings of one xray_write entry as plain values; schema.ts makes them. */
import type { Indexing } from '../../wire/segments/fields.ts';
import type { ServiceAccess } from '../../aws/service-client.ts';

/**
 * As what spans of OpenTelemetry go to X-Ray. Segment documents are sent as they are in any case.
 */
export const SPAN_FORMS = ['documents', 'segments', 'otlp'] as const;
export type SpanForm = (typeof SPAN_FORMS)[number];

export interface SpanSettings {
  readonly form: SpanForm;
  readonly indexing: Indexing;
}

export interface XraySettings {
  readonly access: ServiceAccess;
  readonly timeoutMs: number;
  readonly spans: SpanSettings;
  /** Log groups that are added to segments which name none. */
  readonly logGroups: readonly string[];
  readonly telemetry: TelemetrySettings;
}

export interface TelemetrySettings {
  readonly isSent: boolean;
  /** Whether what is not set is asked of ECS and of the instance's metadata. */
  readonly asksMetadata: boolean;
  readonly hostname?: string | undefined;
  readonly instanceId?: string | undefined;
  readonly resourceArn?: string | undefined;
}
