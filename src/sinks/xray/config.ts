/** The settings of one xray_write entry as plain values; schema.ts makes them. */
import type { ServiceAccess } from '../../aws/service-client.ts';

export interface XraySettings {
  readonly access: ServiceAccess;
  readonly timeoutMs: number;
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
