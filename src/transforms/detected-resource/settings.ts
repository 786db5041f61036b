/** What a detection is asked for. Values only. */

export const HOST_NAME_SOURCES = ['os', 'dns', 'cname', 'lookup'] as const;
export type HostNameSource = (typeof HOST_NAME_SOURCES)[number];

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
      readonly attemptsMax: number;
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
