/**
 * The metrics that CloudWatch's OTLP endpoint took. Points are kept to be shown, the newest ones;
 * CloudWatch's other calls do not know them (AWS answers PromQL on them, which is not here).
 * Limits: 1,000 points a request, else it is refused whole; 150 labels a point, resource and scope
 * counted (an assumption), else the point is rejected; the newest 20,000 points are kept.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
 */
import type { KeyValue } from '../../wire/otlp/attribute-tables.ts';
import {
  METRICS_REQUEST,
  type OtlpMetric,
  type OtlpMetricsRequest,
} from '../../wire/otlp/metrics-request.ts';
import { decodeMessage } from '../../wire/protobuf/decode.ts';
import type { OtlpService, OtlpTaken } from '../otlp-protocol.ts';
import { AwsError } from '../service.ts';
import type { PartialRefusal } from '../trouble.ts';

const POINTS_MAX = 1_000;
const LABELS_MAX = 150;
const KEPT_MAX = 20_000;
const ELEMENTS_MAX = 500_000;
/** An assumption: the largest body that the emulator takes at all. */
const BODY_MAX_BYTES = 16 * 1024 * 1024;

type Data = NonNullable<OtlpMetric['data']>;
type Point = Data['value']['points'][number];

/** A point with what it belongs to. */
export interface KeptPoint {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly metric: string;
  readonly unit: string;
  readonly kind: Data['is'];
  readonly temporality: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly timeMs: number;
  /** The message of the point without its attributes. */
  readonly point: object;
}

export class CloudWatchOtlp implements OtlpService {
  readonly signal = 'metrics';
  readonly signingName = 'monitoring';
  readonly need = 'cloudwatch:PutMetricData';
  readonly bodyMaxBytes = BODY_MAX_BYTES;
  #kept: KeptPoint[] = [];
  #counts = { requests: 0, points: 0, rejected: 0, dropped: 0 };

  /** @throws AwsError, WireError */
  take(body: Uint8Array, struck: PartialRefusal | undefined): OtlpTaken {
    const points = listPoints(decodeMessage(METRICS_REQUEST, body, { elementsMax: ELEMENTS_MAX }));
    if (points.length > POINTS_MAX)
      throw new AwsError(
        'InvalidParameterValue',
        `the request has ${points.length} data points; at most ${POINTS_MAX} are taken`,
      );
    let message = '';
    const taken = points.filter(({ labels }) => {
      if (struck?.isNextRefused() === true) message = `${struck.code} on command`;
      else if (labels > LABELS_MAX)
        message = `a data point has ${labels} labels; at most ${LABELS_MAX} are taken`;
      else return true;
      return false;
    });
    const rejected = points.length - taken.length;
    this.#counts.requests += 1;
    this.#counts.points += taken.length;
    this.#counts.rejected += rejected;
    for (const { kept } of taken) this.#kept.push(kept);
    const above = this.#kept.length - KEPT_MAX;
    if (above > 0) {
      this.#kept = this.#kept.slice(above);
      this.#counts.dropped += above;
    }
    return { rejected, message };
  }

  clear(): void {
    this.#kept = [];
    this.#counts = { requests: 0, points: 0, rejected: 0, dropped: 0 };
  }

  /** What was received so far: counts, and the points that are kept in the order of arrival. */
  describe(): OtlpDescription {
    return { ...this.#counts, kept: this.#kept };
  }
}

export interface OtlpDescription {
  readonly requests: number;
  /** Points that were taken. */
  readonly points: number;
  readonly rejected: number;
  /** Points that were taken and left for newer ones. */
  readonly dropped: number;
  readonly kept: readonly KeptPoint[];
}

interface ListedPoint {
  readonly labels: number;
  readonly kept: KeptPoint;
}

function listPoints({ resourceMetrics }: OtlpMetricsRequest): ListedPoint[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) => {
    const ofResource = resource?.attributes ?? [];
    const shown = showAttributes(ofResource);
    return scopeMetrics.flatMap(({ scope, metrics }) => {
      const shared = ofResource.length + (scope?.attributes.length ?? 0);
      return metrics.flatMap(({ name, unit, data }) => {
        if (data === undefined) return [];
        const points: readonly Point[] = data.value.points;
        const temporality = 'temporality' in data.value ? data.value.temporality : undefined;
        return points.map(({ attributes, ...point }) => ({
          labels: shared + attributes.length,
          kept: {
            resource: shown,
            scope: scope?.name ?? '',
            metric: name,
            unit,
            kind: data.is,
            temporality,
            attributes: showAttributes(attributes),
            timeMs: point.timeMs,
            point: showBytes(point) as object,
          },
        }));
      });
    });
  });
}

function showAttributes(list: readonly KeyValue[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(list.map(({ key, value }) => [key, showBytes(value?.value?.value)]));
}

/** Ids and other bytes as hexadecimal text. */
function showBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(showBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, showBytes(one)]));
}
