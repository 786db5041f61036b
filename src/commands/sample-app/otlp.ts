/**
 * Where `sample-app` sends OTLP, and as what, by its flag and the variables of the specification.
 * Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/,
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
import { ConfigError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import { OTLP_INTERVAL_MS } from '../../sample-app/otlp/exporter.ts';
import type { WrittenAttributes } from '../../sample-app/otlp/spans.ts';
import { VERSION } from '../version.ts';

export interface OtlpFlags {
  readonly otlpEndpoint?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const FLAG = '--otlp-endpoint';
export const OTLP_ENDPOINT_VARIABLE = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const INTERVAL_VARIABLE = 'OTEL_METRIC_EXPORT_INTERVAL';
const INTERVAL_MS_MIN = 1_000;
const INTERVAL_MS_MAX = 3_600_000;

/**
 * The URL below which both signals go: by the flag, else by the variable; undefined for neither.
 *
 * @throws ConfigError FLAG_VALUE
 */
export function readOtlpEndpoint(flags: OtlpFlags, env: Environment): string | undefined {
  // An empty variable counts as absent, as in the specification.
  const given = flags.otlpEndpoint ?? (env[OTLP_ENDPOINT_VARIABLE] || undefined);
  if (given === undefined) return undefined;
  const url = URL.parse(given);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '')
    return given;
  const by = flags.otlpEndpoint === undefined ? OTLP_ENDPOINT_VARIABLE : FLAG;
  throw new ConfigError(
    'FLAG_VALUE',
    `${by} "${given}" is no URL of HTTP; write for example http://127.0.0.1:4318`,
  );
}

/**
 * How often both signals are sent: the variable of metrics, in ms; a value of less than a second or
 * more than an hour is left out with a warning, as the specification asks.
 */
export function readOtlpInterval(env: Environment, log: Logger): number {
  const given = env[INTERVAL_VARIABLE] ?? '';
  const intervalMs = /^\d{1,9}$/.test(given) ? Number(given) : 0;
  if (intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX) return intervalMs;
  if (given !== '')
    log.warn(`${INTERVAL_VARIABLE} is left out`, {
      value: given,
      remedy: `write milliseconds, from ${INTERVAL_MS_MIN} to ${INTERVAL_MS_MAX}`,
    });
  return OTLP_INTERVAL_MS;
}

/** The resource: OTEL_SERVICE_NAME comes before the name in OTEL_RESOURCE_ATTRIBUTES. */
export function readOtlpResource(env: Environment, log: Logger): WrittenAttributes {
  const written = parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  if (written === undefined)
    log.warn('OTEL_RESOURCE_ATTRIBUTES is left out', {
      remedy: 'write it as key=value,key=value with other characters percent-encoded',
    });
  const name = env['OTEL_SERVICE_NAME'] || written?.['service.name'] || 'sample-app';
  return {
    'service.version': VERSION,
    'telemetry.sdk.name': 'amperage sample-app',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': VERSION,
    ...written,
    'service.name': name,
  };
}

/** Undefined where one pair is wrong: the specification then leaves out all of them. */
function parseResourceAttributes(text: string): Record<string, string> | undefined {
  const attributes: Record<string, string> = {};
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 1) return undefined;
    try {
      const key = decodeURIComponent(pair.slice(0, equals).trim());
      attributes[key] = decodeURIComponent(pair.slice(equals + 1).trim());
    } catch {
      return undefined;
    }
  }
  return attributes;
}
