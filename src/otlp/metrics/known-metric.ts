/**
 * A metric that a resource has sent, and its points. A point is found by its place first: the same
 * sender gives the same points in the same order, so the bytes of its attributes are compared with
 * those that stood there. Only what differs is looked up by a hash of the bytes, and only what is
 * unknown there is read.
 *
 *     place   attributes (bytes)            refs
 *     0       http.route=/a                 [17]            ◄─ next expected
 *     1       http.route=/b                 [18]
 *
 * Two points whose attributes are the same in another order are one: its bytes are then those that
 * came last.
 */
import { SpreadMap } from '../../kernel/spread-map.ts';
import type { SeriesFamily, SeriesRef } from '../../model/sample.ts';
import { hashRange, isSameKey, keepBytes, type KeptBytes } from '../../kernel/byte-keys.ts';
import type { PointScan } from './point-scan.ts';

export type MetricKind = 'gauge' | 'sum' | 'histogram' | 'exponential' | 'summary';

/** The series of one point, and what was last told of them. */
export interface KnownPoint {
  key: KeptBytes;
  /** Of the bytes; NaN while it is not in the table of bytes. */
  bytesHash: number;
  readonly labelsHash: number;
  /** Of each of its series: attributes, scope and name, as they came. */
  readonly labelBytes: number;
  position: number;
  /**
   * A number has one, a distribution `[_count, _sum, then the bounds]`; NO_REF for a series that
   * has not been needed.
   */
  refs: SeriesRef[];
  /** Bounds or quantiles of the series, which other points may share. */
  bounds: Float64Array;
  /** The generation of the appender under which the refs are complete. */
  generation: number;
  /** The stamp of the metric under which the metadata have been told. */
  stamp: number;
  /** The start that has been told. */
  startMs: number;
  /** The newest exemplar that was appended. */
  exemplarMs: number;
  /** When the last sample came, by our clock. */
  seenMs: number;
  /** The request that made it. */
  madeIn: number;
}

/** A series of a point that no sample has asked for. */
export const NO_REF = -2;

export class KnownMetric {
  readonly name: string;
  readonly kind: MetricKind;
  readonly family: SeriesFamily;
  readonly points: KnownPoint[] = [];
  help = '';
  /** Grows when what is told of the series has changed. */
  stamp = 0;
  position = 0;
  /** What is counted of its name, unit and description; 0 until that is done. */
  textBytes = 0;
  /** The bytes by which it is recognised in its place. */
  readonly head: { readonly name: KeptBytes; readonly unit: KeptBytes };
  description: KeptBytes;
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly #byBytes = new SpreadMap<KnownPoint>();
  readonly #byLabels = new SpreadMap<KnownPoint>();

  constructor(options: {
    readonly name: string;
    readonly kind: MetricKind;
    readonly family: SeriesFamily;
    readonly temporality: number;
    readonly isMonotonic: boolean;
    readonly head: { readonly name: KeptBytes; readonly unit: KeptBytes };
  }) {
    this.name = options.name;
    this.kind = options.kind;
    this.family = options.family;
    this.temporality = options.temporality;
    this.isMonotonic = options.isMonotonic;
    this.head = options.head;
    this.description = { view: new DataView(new ArrayBuffer(0)), start: 0, length: 0 };
  }

  /** The point of these attributes, if its bytes are known. @param place  where it is expected */
  find(scan: PointScan, place: number): KnownPoint | undefined {
    const { source, attributesAt, attributesEnd } = scan;
    const expected = this.points[place];
    if (expected !== undefined && isSameKey(expected.key, source, attributesAt, attributesEnd))
      return expected;
    const known = this.#byBytes.get(hashRange(source.bytes, attributesAt, attributesEnd));
    const isFound =
      known !== undefined && isSameKey(known.key, source, attributesAt, attributesEnd);
    return isFound ? known : undefined;
  }

  /**
   * The point of these labels, which then has the scanned bytes; undefined for a new one. Longer
   * bytes than it has are not kept, since nothing has counted them.
   *
   * @param labelsHash  by `hashLabelPairs`
   */
  adopt(scan: PointScan, labelsHash: number): KnownPoint | undefined {
    const known = this.#byLabels.get(labelsHash);
    if (known === undefined) return undefined;
    const { source, attributesAt, attributesEnd } = scan;
    if (attributesEnd - attributesAt > known.key.length) return known;
    this.#byBytes.delete(known.bytesHash);
    known.key = keepBytes(source.bytes, attributesAt, attributesEnd);
    known.bytesHash = hashRange(source.bytes, attributesAt, attributesEnd);
    this.#byBytes.set(known.bytesHash, known);
    return known;
  }

  /** Adds a point with room for its refs, which are all NO_REF. */
  add(scan: PointScan, added: AddedPoint): KnownPoint {
    const { labelsHash, labelBytes, refs, generation, madeIn } = added;
    const { source, attributesAt, attributesEnd } = scan;
    // Most points of a metric have the bounds of the one before, and most metrics have none.
    const last = this.points.at(-1)?.bounds ?? NO_BOUNDS;
    const point: KnownPoint = {
      key: keepBytes(source.bytes, attributesAt, attributesEnd),
      bytesHash: hashRange(source.bytes, attributesAt, attributesEnd),
      labelsHash,
      labelBytes,
      position: this.points.length,
      refs: new Array<SeriesRef>(refs).fill(NO_REF),
      bounds: scan.bounds.isSame(last) ? last : scan.bounds.copy(),
      generation,
      stamp: -1,
      startMs: 0,
      exemplarMs: -Infinity,
      seenMs: 0,
      madeIn,
    };
    this.points.push(point);
    this.#byBytes.set(point.bytesHash, point);
    this.#byLabels.set(point.labelsHash, point);
    return point;
  }

  /** Takes out the points for which `isGone` holds, and returns them. */
  remove(isGone: (point: KnownPoint) => boolean): readonly KnownPoint[] {
    const gone = this.points.filter(isGone);
    if (gone.length === 0) return gone;
    const left = this.points.filter((point) => !isGone(point));
    this.points.length = 0;
    for (const point of left) {
      point.position = this.points.length;
      this.points.push(point);
    }
    for (const { bytesHash, labelsHash } of gone) {
      this.#byBytes.delete(bytesHash);
      this.#byLabels.delete(labelsHash);
    }
    return gone;
  }
}

const NO_BOUNDS = new Float64Array(0);

interface AddedPoint {
  /** Of its labels, by `hashLabelPairs`. */
  readonly labelsHash: number;
  readonly labelBytes: number;
  /** How many series it has. */
  readonly refs: number;
  readonly generation: number;
  readonly madeIn: number;
}
