/**
 * The appender of the file sink: a line of JSON for each sample, exemplar or stale marker. Numbers
 * that JSON lacks are texts: "NaN", "+Inf", "-Inf". Metadata is left out.
 *
 *     {"labels":{"__name__":"up"},"timestamp_ms":1700000000000,"value":1}
 *     … "stale":true}    … "histogram":{…}}    … "exemplar":{…},"value":1}
 */
import type { Rows } from '../../delivery/rows.ts';
import { runAtOnce } from '../../kernel/giving-way.ts';
import { SpreadMap } from '../../kernel/spread-map.ts';
import type { LabelSet } from '../../model/labels.ts';
import type { Appender, SeriesRef } from '../../model/sample.ts';
import { formatSampleValue } from '../../wire/exposition/writer.ts';

export class LineAppender implements Appender {
  readonly #rows: Rows;
  #labels = new SpreadMap<string>();
  #nextRef = 0;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  refOf(labels: LabelSet): SeriesRef {
    this.#labels.set(this.#nextRef, formatLabels(labels));
    return this.#nextRef++;
  }

  append: Appender['append'] = (ref, tMs, value) =>
    this.#add(ref, tMs, `"value":${formatJson(value)}`);
  appendStale: Appender['appendStale'] = (ref, tMs) => this.#add(ref, tMs, '"stale":true');
  appendHistogram: Appender['appendHistogram'] = (ref, tMs, histogram) =>
    this.#add(ref, tMs, `"histogram":${formatJson(histogram)}`);
  appendExemplar: Appender['appendExemplar'] = (ref, { labels, value, tMs }) =>
    this.#add(ref, tMs, `"exemplar":${formatLabels(labels)},"value":${formatJson(value)}`);
  setMetadata = (): void => undefined;
  setCreated = (): void => undefined;
  forget = (ref: SeriesRef): void => this.#labels.delete(ref);
  commit = (): void => runAtOnce(this.#rows.commitSlices());
  commitSlices = (): Generator<undefined, void, undefined> => this.#rows.commitSlices();
  rollback = (): void => this.#rows.rollback();
  close = (): void => void (this.#labels = new SpreadMap());

  #add(ref: SeriesRef, tMs: number, members: string): void {
    const labels = this.#labels.get(ref);
    if (labels !== undefined)
      this.#rows.add(tMs, `{"labels":${labels},"timestamp_ms":${tMs},${members}}\n`);
  }
}

function formatLabels(labels: LabelSet): string {
  return JSON.stringify(Object.fromEntries(labels.map(({ name, value }) => [name, value])));
}

function formatJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'number' && !Number.isFinite(inner) ? formatSampleValue(inner) : inner,
  );
}
