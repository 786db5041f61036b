/**
 * Takes messages of remote write into the appenders of the routes. All of a message is committed
 * before it is answered, so that what was answered with success is in the queues of the sinks; of a
 * malformed one nothing is. Messages are taken one after another, and a long one gives way to other
 * work.
 *
 *     message ─► series: found by its bytes ─► part ─► append ─► commit of each part ─► answer
 *
 * A series that is silent gets no stale marker from here: its sender sends it. Series that are
 * silent for `idleMs` are forgotten, and made anew when they come again.
 */
import { type Bytes, viewBytes } from '../kernel/byte-keys.ts';
import { describeError } from '../kernel/errors.ts';
import { runGivingWay } from '../kernel/giving-way.ts';
import type { World } from '../kernel/world.ts';
import { isSound } from '../model/histogram.ts';
import { type LabelSet, labelValue, makeLabelSet, METRIC_NAME } from '../model/labels.ts';
import { commitInSlices, type OpenRoutedAppender, type SeriesOrigin } from '../model/sample.ts';
import { type MessageVersion, RequestReader } from '../wire/remote-write/request-reader.ts';
import { isStaleAt } from '../wire/remote-write/sample-columns.ts';
import { type PushedMetric, PushedMetrics } from './known-metrics.ts';
import { type KnownSeries, type Part, partOf, PushedSeriesTable, UNTOLD } from './known-series.ts';
import { faultOfLabels, PushRejections, type PushRejectReason } from './rejections.ts';
import { WireError } from '../wire/errors.ts';
import type { PushesReport, TakenPush } from './report.ts';
import { MESSAGE_LABEL_BYTES_MAX, type PushesSettings, SERIES_LABELS_MAX } from './settings.ts';

/** Lanes of each sink: requests to a receiver that can be under way at one time. */
const PARTS = 8;
/** How often what is silent is looked for, at most. */
const SWEEP_MS = 60_000;
/** An appender makes room for so many new series at a time. */
const ROOM_SERIES = 256;
/** Samples of one series between two yields. */
const SLICE_SAMPLES = 1_024;

export interface PushesIntakeOptions {
  /** The id of the source, by which routes know it. */
  readonly id: string;
  readonly openAppender: OpenRoutedAppender;
  readonly world: World;
  readonly settings: PushesSettings;
  readonly report: PushesReport;
}

/** One message that is being taken. */
interface Taking {
  readonly reader: RequestReader;
  readonly taken: TakenPush;
  readonly atMs: number;
  readonly touched: Set<Part>;
  given: Bytes;
}

export class PushesIntake {
  readonly #options: PushesIntakeOptions;
  readonly #metrics = new PushedMetrics();
  readonly #series = new PushedSeriesTable(this.#metrics);
  readonly #parts: Part[] = [];
  readonly #closed = new AbortController();
  #request = 0;
  /** The request for which no room could be made. */
  #fullIn = 0;
  #sweptMs: number;
  /** The message that is under way, and all that wait behind it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PushesIntakeOptions) {
    this.#options = options;
    this.#sweptMs = options.world.clock.elapsedMs();
    options.report.watch(() => ({
      series: this.#series.count,
      labelBytes: this.#series.labelBytes,
    }));
  }

  /**
   * Takes one message whole: what is taken has been committed when it returns.
   *
   * @param message  uncompressed; it is not used afterwards
   * @throws WireError  where it cannot be read; nothing of it was committed
   */
  take(message: Uint8Array, version: MessageVersion): Promise<TakenPush> {
    const taken = this.#last.then(() => this.#take(message, version));
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  /** Ends it, when what is under way is taken. What comes later is refused. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('the collector is stopping'));
    await this.#last;
    for (const { appender } of this.#parts) appender.close();
    this.#options.report.end();
  }

  async #take(message: Uint8Array, version: MessageVersion): Promise<TakenPush> {
    this.#closed.signal.throwIfAborted();
    this.#request += 1;
    if (this.#parts.length === 0) this.#openParts();
    const atMs = this.#options.world.clock.elapsedMs();
    if (atMs - this.#sweptMs >= Math.min(SWEEP_MS, this.#options.settings.idleMs))
      await runGivingWay(this.#sweep(atMs));
    const taking: Taking = {
      reader: new RequestReader(message, version, {
        labelsMax: SERIES_LABELS_MAX,
        labelBytesMax: MESSAGE_LABEL_BYTES_MAX,
        passesOver: true,
      }),
      taken: { samples: 0, histograms: 0, exemplars: 0, rejections: new PushRejections() },
      atMs,
      touched: new Set(),
      given: viewBytes(message),
    };
    try {
      await runGivingWay(this.#walk(taking));
    } catch (error) {
      for (const { appender } of taking.touched) appender.rollback();
      const request = this.#request;
      await runGivingWay(this.#series.forget(({ madeIn }) => madeIn === request));
      throw error;
    }
    await runGivingWay(this.#commit(taking.touched));
    return taking.taken;
  }

  *#walk(taking: Taking): Generator<undefined, void, undefined> {
    const { reader } = taking;
    for (let part = reader.next(); part !== undefined; part = reader.next()) {
      if (part === 'series') yield* this.#takeSeries(taking);
      else if (reader.metadata === undefined) taking.taken.rejections.add('metadata', 1, []);
      else this.#metrics.tellFamily(reader.metadata);
      yield;
    }
  }

  *#takeSeries(taking: Taking): Generator<undefined, void, undefined> {
    const { reader, taken } = taking;
    const items = reader.samples.count + reader.histogramCount + reader.exemplarCount;
    if (items === 0) return;
    const series = yield* this.#find(taking);
    if (typeof series === 'string') {
      taken.rejections.add(series, items, describable(reader));
      return;
    }
    for (const [part, count] of reader.passedOver ?? [])
      taken.rejections.add(part, count, reader.labels());
    if (reader.seriesMetadata !== undefined)
      this.#metrics.tellSeries(series.metric, reader.seriesMetadata);
    this.#refresh(series, reader);
    taking.touched.add(series.part);
    series.seenIn = this.#request;
    series.seenMs = taking.atMs;
    yield* appendSamples(series, taking);
    this.#appendOthers(series, taking);
  }

  #appendOthers(series: KnownSeries, { reader, taken }: Taking): void {
    const { appender } = series.part;
    for (const { histogram, tMs, startMs, isStale } of reader.histograms) {
      if (isStale) appender.appendStale(series.ref, tMs);
      else if (isSound(histogram)) {
        tellCreated(series, startMs || reader.seriesStartMs);
        appender.appendHistogram(series.ref, tMs, histogram);
      } else {
        taken.rejections.add('histogram', 1, reader.labels());
        continue;
      }
      taken.histograms += 1;
    }
    for (const { labels, value, tMs } of reader.exemplars)
      appender.appendExemplar(series.ref, { labels: toLabelSet(labels), value, tMs });
    taken.exemplars += reader.exemplars.length;
  }

  /** The series that the reader is at: one that is known, or a new one. */
  *#find(taking: Taking): Generator<undefined, KnownSeries | PushRejectReason, undefined> {
    const { reader } = taking;
    const { labelBytes, labelsAt, labelsEnd } = reader;
    if (taking.given.bytes !== labelBytes) taking.given = viewBytes(labelBytes);
    const known = this.#series.find(taking.given, labelsAt, labelsEnd);
    if (known !== undefined) return known;
    if (reader.labelCount > SERIES_LABELS_MAX) return 'label_count';
    const sent = readLabels(reader);
    if (sent === undefined) return 'label_text';
    const fault = faultOfLabels(sent);
    if (fault !== undefined) return fault;
    const labels = toLabelSet(sent);
    const same = this.#series.findLabels(labels);
    if (same !== undefined) return same;
    if (!(yield* this.#makeRoom(labelsEnd - labelsAt))) return 'series_limit';
    return yield* this.#add(labels, taking);
  }

  *#add(labels: LabelSet, { reader, atMs }: Taking): Generator<undefined, KnownSeries, undefined> {
    const part = this.#parts[partOf(labels, PARTS)] as Part;
    if (part.made % ROOM_SERIES === 0) yield* part.appender.prepare?.() ?? [];
    part.made += 1;
    const metric = this.#metrics.take(labelValue(labels, METRIC_NAME));
    if (reader.seriesMetadata !== undefined)
      this.#metrics.tellSeries(metric, reader.seriesMetadata);
    const ref = part.appender.refOf(labels, originOfMetric(metric));
    const made = { part, metric, ref, madeIn: this.#request, seenMs: atMs };
    return this.#series.add(labels, made);
  }

  /** Completes the ref of a series, and tells what has changed since it was told. */
  #refresh(series: KnownSeries, reader: RequestReader): void {
    const { metric, part } = series;
    const { appender } = part;
    if (series.generation !== appender.generation) {
      const labels = toLabelSet(reader.labels());
      series.ref = appender.renew(series.ref, labels, originOfMetric(metric));
      series.generation = appender.generation;
      series.stamp = UNTOLD;
      series.createdMs = 0;
    }
    if (series.stamp === metric.stamp) return;
    if (series.stamp !== UNTOLD) {
      // What this request has appended already goes on under the ref that it has.
      if (series.seenIn === this.#request) return;
      // Transforms and sinks judge a series by its type once, when its ref is made.
      appender.forget(series.ref);
      series.ref = appender.refOf(toLabelSet(reader.labels()), originOfMetric(metric));
      series.createdMs = 0;
    }
    series.stamp = metric.stamp;
    const { told } = metric;
    if (told !== undefined) appender.setMetadata(series.ref, told.family, told.metadata);
  }

  /** Makes room for a series; false where all that is known is of this request. */
  *#makeRoom(bytes: number): Generator<undefined, boolean, undefined> {
    const { seriesMax, labelBytesMax } = this.#options.settings;
    const series = this.#series;
    const isFull = (): boolean =>
      series.count >= seriesMax || series.labelBytes + bytes > labelBytesMax;
    // Once nothing could be forgotten, looking for it again would be long work for each series.
    while (isFull() && this.#fullIn !== this.#request) {
      const limit = series.count >= seriesMax ? 'series' : 'label_bytes';
      let due = Math.ceil(series.count / 4);
      const request = this.#request;
      const forgotten = yield* series.forget(({ seenIn }) => seenIn !== request && due-- > 0);
      this.#options.report.countForgotten(limit, forgotten);
      if (forgotten === 0) this.#fullIn = request;
    }
    return !isFull();
  }

  *#sweep(atMs: number): Generator<undefined, void, undefined> {
    this.#sweptMs = atMs;
    const oldestMs = atMs - this.#options.settings.idleMs;
    const forgotten = yield* this.#series.forget(({ seenMs }) => seenMs < oldestMs);
    this.#options.report.countForgotten('idle', forgotten);
  }

  /**
   * The sender of a request whose commit fails sends it again: what is not committed is taken back,
   * or it would go with the next commit and once more with the request that is sent again.
   */
  *#commit(touched: ReadonlySet<Part>): Generator<undefined, void, undefined> {
    const open = new Set(touched);
    try {
      for (const part of touched) {
        yield* commitInSlices(part.appender);
        open.delete(part);
        yield;
      }
    } catch (error) {
      for (const { appender } of open) appender.rollback();
      const done = touched.size - open.size;
      if (done === 0) throw error;
      const words = `a part of it is taken already, ${done} of ${touched.size}`;
      throw new Error(`${describeError(error)}; ${words}`, { cause: error });
    }
  }

  #openParts(): void {
    const { id, openAppender } = this.#options;
    for (let index = 0; index < PARTS; index++)
      this.#parts.push({ appender: openAppender(id, `${id} ${index}`), made: 0 });
  }
}

/** Undefined where one of them is not UTF-8. */
function readLabels(reader: RequestReader): LabelSet | undefined {
  try {
    return reader.labels();
  } catch (error) {
    if (error instanceof WireError && error.reason === 'value') return undefined;
    throw error;
  }
}

/** For messages: with U+FFFD for what is not UTF-8, and none where there are too many. */
function describable(reader: RequestReader): LabelSet {
  return reader.labelCount > SERIES_LABELS_MAX
    ? []
    : reader.labels((text) => Buffer.from(text.binary()).toString());
}

/** Appends the samples of the series that the reader is at. */
function* appendSamples(
  series: KnownSeries,
  { reader: { samples, seriesStartMs }, taken }: Taking,
): Generator<undefined, void, undefined> {
  const { appender } = series.part;
  const { count, timestampsMs, values, startsMs } = samples;
  for (let i = 0; i < count; i++) {
    const tMs = timestampsMs[i] as number;
    if (isStaleAt(samples, i)) appender.appendStale(series.ref, tMs);
    else {
      tellCreated(series, (startsMs[i] as number) || seriesStartMs);
      appender.append(series.ref, tMs, values[i] as number);
    }
    if (i % SLICE_SAMPLES === SLICE_SAMPLES - 1) yield;
  }
  taken.samples += count;
}

function tellCreated(series: KnownSeries, startMs: number): void {
  if (startMs === 0 || startMs === series.createdMs) return;
  series.createdMs = startMs;
  series.part.appender.setCreated(series.ref, startMs);
}

/** Undefined while nothing but its name is known. */
function originOfMetric({ told }: PushedMetric): SeriesOrigin | undefined {
  if (told === undefined) return undefined;
  const { type, unit } = told.metadata;
  return { family: { name: told.family, type, unit } };
}

function toLabelSet(sent: LabelSet): LabelSet {
  return makeLabelSet(sent.map(({ name, value }): [string, string] => [name, value]));
}
