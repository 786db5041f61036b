/**
 * Reads one point of a metric from its bytes: where its attributes are, and its numbers. Nothing is
 * made of the attributes here, since a point that is known is found by their bytes.
 *
 *     NumberDataPoint  time 3, start 2, attributes 7*, as_double 4 | as_int 6,
 *                      exemplars 5*, flags 8
 *
 * One scan is used for all points of a request. Fields may come in any order; attributes that do
 * not stand together are copied together. A value that is an int64 beyond 2^53 is rounded as
 * Prometheus rounds it; such a count of a bucket is refused.
 * Source: opentelemetry-proto's metrics.proto
 */
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { ProtoReader } from '../../wire/protobuf/reader.ts';
import { type Bytes, viewBytes } from '../../kernel/byte-keys.ts';
import { DoubleList } from './double-list.ts';
import { readExact, readSigned, readUnsigned } from './fixed-numbers.ts';

/** One side of an exponential histogram. */
export interface ScannedBuckets {
  offset: number;
  readonly counts: DoubleList;
}

const NO_RECORDED_VALUE = 1;

export class PointScan {
  readonly request: Bytes;
  readonly reader: ProtoReader;
  /** The bytes in which the attributes are: those of the request, or a copy. */
  source: Bytes;
  attributesAt = 0;
  attributesEnd = 0;
  /** 0 where it is not set. */
  startMs = 0;
  tMs = 0;
  /** The point has no value: its series ended. */
  isStale = false;
  /** Of a number. */
  value = 0;
  count = 0;
  sum = 0;
  hasSum = false;
  /** Of a distribution; NaN where it is not told. */
  min = NaN;
  max = NaN;
  /** Counts of explicit buckets. */
  readonly counts = new DoubleList();
  /** Bounds of explicit buckets, or quantiles of a summary. */
  readonly bounds = new DoubleList();
  /** Values at the quantiles. */
  readonly values = new DoubleList();
  scale = 0;
  zeroCount = 0;
  zeroThreshold = 0;
  readonly positive: ScannedBuckets = { offset: 0, counts: new DoubleList() };
  readonly negative: ScannedBuckets = { offset: 0, counts: new DoubleList() };
  /** Beginnings and ends of exemplars, by turns. */
  readonly exemplars: number[] = [];
  #scattered = new Uint8Array(0);

  constructor(body: Uint8Array) {
    this.request = viewBytes(body);
    this.source = this.request;
    this.reader = new ProtoReader(body);
  }

  /** Reads a NumberDataPoint, from its beginning to the reader's end. */
  readNumber(): void {
    const { reader } = this;
    const { view } = this.request;
    this.#begin();
    while (reader.at < reader.end) {
      const start = reader.at;
      const tag = reader.varint();
      switch (tag) {
        case 0x3a:
          reader.at = reader.lengthEnd();
          this.#addAttribute(start);
          break;
        case 0x11:
          this.startMs = this.#time();
          break;
        case 0x19:
          this.tMs = this.#time();
          break;
        case 0x21: {
          const at = reader.fixed64At();
          this.value = view.getFloat64(at, true);
          // The bits are looked at only where there is a NaN, which is rare.
          if (Number.isNaN(this.value)) this.isStale ||= isStaleMarker(view, at);
          break;
        }
        case 0x31:
          this.value = readSigned(view, reader.fixed64At());
          break;
        case 0x2a:
          this.#addExemplar();
          break;
        case 0x40:
          this.#flag();
          break;
        default:
          reader.skip(tag);
      }
    }
  }

  /** Reads a HistogramDataPoint. */
  readHistogram(): void {
    const { reader } = this;
    const { view } = this.request;
    this.#begin();
    while (reader.at < reader.end) {
      const start = reader.at;
      const tag = reader.varint();
      switch (tag) {
        case 0x4a:
          reader.at = reader.lengthEnd();
          this.#addAttribute(start);
          break;
        case 0x11:
          this.startMs = this.#time();
          break;
        case 0x19:
          this.tMs = this.#time();
          break;
        case 0x21:
          this.count = readUnsigned(view, reader.fixed64At());
          break;
        case 0x29:
          this.sum = view.getFloat64(reader.fixed64At(), true);
          this.hasSum = true;
          break;
        case 0x32: {
          const end = reader.lengthEnd();
          while (reader.at < end) this.counts.push(readUnsigned(view, this.#packedAt(end)));
          break;
        }
        case 0x31:
          this.counts.push(readUnsigned(view, reader.fixed64At()));
          break;
        case 0x3a: {
          const end = reader.lengthEnd();
          while (reader.at < end) this.bounds.push(view.getFloat64(this.#packedAt(end), true));
          break;
        }
        case 0x39:
          this.bounds.push(view.getFloat64(reader.fixed64At(), true));
          break;
        case 0x42:
          this.#addExemplar();
          break;
        case 0x50:
          this.#flag();
          break;
        case 0x59:
          this.min = view.getFloat64(reader.fixed64At(), true);
          break;
        case 0x61:
          this.max = view.getFloat64(reader.fixed64At(), true);
          break;
        default:
          reader.skip(tag);
      }
    }
  }

  /** Reads an ExponentialHistogramDataPoint. */
  readExponential(): void {
    const { reader } = this;
    const { view } = this.request;
    this.#begin();
    while (reader.at < reader.end) {
      const start = reader.at;
      const tag = reader.varint();
      switch (tag) {
        case 0x0a:
          reader.at = reader.lengthEnd();
          this.#addAttribute(start);
          break;
        case 0x11:
          this.startMs = this.#time();
          break;
        case 0x19:
          this.tMs = this.#time();
          break;
        case 0x21:
          this.count = readExact(view, reader.fixed64At());
          break;
        case 0x29:
          this.sum = view.getFloat64(reader.fixed64At(), true);
          this.hasSum = true;
          break;
        case 0x30:
          this.scale = reader.sint64();
          break;
        case 0x39:
          this.zeroCount = readExact(view, reader.fixed64At());
          break;
        case 0x42:
          this.#readBuckets(this.positive);
          break;
        case 0x4a:
          this.#readBuckets(this.negative);
          break;
        case 0x50:
          this.#flag();
          break;
        case 0x5a:
          this.#addExemplar();
          break;
        case 0x61:
          this.min = view.getFloat64(reader.fixed64At(), true);
          break;
        case 0x69:
          this.max = view.getFloat64(reader.fixed64At(), true);
          break;
        case 0x71:
          this.zeroThreshold = view.getFloat64(reader.fixed64At(), true);
          break;
        default:
          reader.skip(tag);
      }
    }
  }

  /** Reads a SummaryDataPoint. */
  readSummary(): void {
    const { reader } = this;
    const { view } = this.request;
    this.#begin();
    this.hasSum = true;
    while (reader.at < reader.end) {
      const start = reader.at;
      const tag = reader.varint();
      switch (tag) {
        case 0x3a:
          reader.at = reader.lengthEnd();
          this.#addAttribute(start);
          break;
        case 0x11:
          this.startMs = this.#time();
          break;
        case 0x19:
          this.tMs = this.#time();
          break;
        case 0x21:
          this.count = readUnsigned(view, reader.fixed64At());
          break;
        case 0x29:
          this.sum = view.getFloat64(reader.fixed64At(), true);
          break;
        case 0x32:
          this.#readQuantile();
          break;
        case 0x40:
          this.#flag();
          break;
        default:
          reader.skip(tag);
      }
    }
  }

  #begin(): void {
    this.source = this.request;
    this.attributesAt = 0;
    this.attributesEnd = 0;
    this.startMs = 0;
    this.tMs = 0;
    this.isStale = false;
    this.value = 0;
    this.count = 0;
    this.sum = 0;
    this.hasSum = false;
    this.min = NaN;
    this.max = NaN;
    this.counts.clear();
    this.bounds.clear();
    this.values.clear();
    this.scale = 0;
    this.zeroCount = 0;
    this.zeroThreshold = 0;
    this.positive.offset = 0;
    this.positive.counts.clear();
    this.negative.offset = 0;
    this.negative.counts.clear();
    if (this.exemplars.length > 0) this.exemplars.length = 0;
  }

  /** Adds the field from `start` to where the reader stands. */
  #addAttribute(start: number): void {
    const { at } = this.reader;
    if (this.attributesEnd === this.attributesAt) {
      this.attributesAt = start;
      this.attributesEnd = at;
    } else if (this.source === this.request && this.attributesEnd === start)
      this.attributesEnd = at;
    else this.#addScattered(start, at);
  }

  #addScattered(start: number, end: number): void {
    const { bytes } = this.request;
    const before = this.source.bytes.subarray(this.attributesAt, this.attributesEnd);
    const length = before.length + end - start;
    // The room doubles, so that many scattered attributes are not copied once for each of them.
    const larger = length > this.#scattered.length ? new Uint8Array(length * 2) : this.#scattered;
    if (this.source.bytes !== larger) larger.set(before);
    larger.set(bytes.subarray(start, end), before.length);
    if (this.source.bytes !== larger) this.source = viewBytes(larger);
    this.#scattered = larger;
    this.attributesAt = 0;
    this.attributesEnd = length;
  }

  #addExemplar(): void {
    const { reader } = this;
    const end = reader.lengthEnd();
    this.exemplars.push(reader.at, end);
    reader.at = end;
  }

  #flag(): void {
    if ((this.reader.varint() & NO_RECORDED_VALUE) !== 0) this.isStale = true;
  }

  #time(): number {
    return readMs(this.request.view, this.reader.fixed64At());
  }

  /** Moves behind a number of a packed field, which must end with the field. */
  #packedAt(end: number): number {
    const { reader } = this;
    const outer = reader.end;
    reader.end = end;
    const at = reader.fixed64At();
    reader.end = outer;
    return at;
  }

  #readBuckets(side: ScannedBuckets): void {
    const { reader } = this;
    const outer = reader.enter();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 0x08) side.offset = reader.sint64();
      else if (tag === 0x10) side.counts.push(reader.uint64());
      else if (tag === 0x12) {
        const packed = reader.enter();
        while (reader.more()) side.counts.push(reader.uint64());
        reader.leave(packed);
      } else reader.skip(tag);
    }
    reader.leave(outer);
  }

  #readQuantile(): void {
    const { reader } = this;
    const outer = reader.enter();
    let quantile = 0;
    let value = 0;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 0x09) quantile = reader.double();
      else if (tag === 0x11) value = reader.double();
      else reader.skip(tag);
    }
    reader.leave(outer);
    this.bounds.push(quantile);
    this.values.push(value);
  }
}

/**
 * Nanoseconds as milliseconds, rounded down. 2^32 is 4,294 million and 967,296, so that no step
 * goes beyond 2^53: as one number, nanoseconds would be rounded to 256 of them.
 */
export function readMs(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  return high * 4_294 + Math.floor((high * 967_296 + low) / 1_000_000);
}

function isStaleMarker(view: DataView, at: number): boolean {
  return (
    view.getUint32(at, true) === STALE_NAN_LOW && view.getUint32(at + 4, true) === STALE_NAN_HIGH
  );
}
