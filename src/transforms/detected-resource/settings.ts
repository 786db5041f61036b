/** What a detection is asked for. Values only. */

export const HOST_NAME_SOURCES = ['os', 'dns', 'cname', 'lookup'] as const;
export type HostNameSource = (typeof HOST_NAME_SOURCES)[number];

/** Even a client that is to wait for nothing does not ask in a circle without a pause. */
export const MAX_BACKOFF_MIN_MS = 100;

/** One detector. `without` are the attributes that it has and that are not wanted. */
export type DetectorSettings =
  | { readonly kind: 'env' }
  | { readonly kind: 'ecs'; readonly without: readonly string[] }
  | {
      readonly kind: 'system';
      readonly without: readonly string[];
      readonly hostNameSources: readonly HostNameSource[];
    }
  | {
      readonly kind: 'ec2';
      readonly without: readonly string[];
      /** Whether a machine without instance metadata is a failure, and asked again. */
      readonly mustBeThere: boolean;
      /** 0 for as many as it takes. */
      readonly attemptsMax: number;
      /** The longest wait between two attempts; at least MAX_BACKOFF_MIN_MS. */
      readonly maxBackoffMs: number;
      /** Keys of tags that are wanted, as regular expressions; read from instance metadata. */
      readonly tags: readonly string[];
    };

export interface DetectionSettings {
  /** In order: of two that know an attribute, the first has it. */
  readonly detectors: readonly DetectorSettings[];
  /** Whether what is detected replaces what a resource has already. */
  readonly override: boolean;
  /** How long a start waits for what is detected. */
  readonly timeoutMs: number;
}

/** Equal for settings that detect the same. */
export function identifyDetection(settings: DetectionSettings): string {
  return JSON.stringify(settings);
}
