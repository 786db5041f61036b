/**
 * Keeps a share of all traces, by a hash of the trace id, so that collectors with the same seed
 * keep the same ones. Pure.
 * Source: contrib's processor/probabilisticsamplerprocessor/{sampler_mode,fnvhasher}.go
 */
import { formatIdentity } from '../../model/transform.ts';
import type { SpanTransform } from '../../wire/otlp/span-transform.ts';
import type { OtlpSpan } from '../../wire/otlp/trace-request.ts';
import { readSpanAttributes } from '../../wire/segments/attributes.ts';

const BUCKETS = 0x4000;

/**
 * @param percentage  0 keeps none, 100 and above all
 * @param seed        of 32 bits
 */
export function sampleTraces(name: string, percentage: number, seed: number): SpanTransform {
  // In 32 bits and rounded down, as the Collector does it.
  const share = Math.fround(Math.fround(Math.min(percentage, 100)) * Math.fround(BUCKETS / 100));
  const kept = Math.floor(share);
  const isKept = (span: OtlpSpan): boolean => {
    const priority = readPriority(span);
    if (priority !== undefined) return priority;
    return kept > 0 && (hash(span.traceId, seed) & (BUCKETS - 1)) < kept;
  };
  return {
    name,
    identity: formatIdentity('sample_traces', { percentage, seed }),
    change: (all) => ({
      ...all,
      scopeSpans: all.scopeSpans
        .map((scope) => ({ ...scope, spans: scope.spans.filter(isKept) }))
        .filter(({ spans }) => spans.length > 0),
    }),
  };
}

/** What the span itself asks for; undefined where it leaves the decision to the hash. */
function readPriority({ attributes }: OtlpSpan): boolean | undefined {
  const given = attributes.find(({ key }) => key === 'sampling.priority');
  if (given === undefined) return undefined;
  const value = readSpanAttributes([given]).get(given.key);
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'bigint')
    return undefined;
  const number = value === '' ? NaN : Number(value);
  if (number === 0) return false;
  return number > 0 ? true : undefined;
}

/** FNV-1a of 32 bits, of the seed in four bytes and the id. */
function hash(id: Uint8Array, seed: number): number {
  let value = 0x811c9dc5;
  const add = (byte: number): void => void (value = Math.imul(value ^ byte, 0x01000193));
  for (let shift = 0; shift < 32; shift += 8) add((seed >>> shift) & 0xff);
  for (const byte of id) add(byte);
  return value >>> 0;
}
