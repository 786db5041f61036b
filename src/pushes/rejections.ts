/** What of a request is refused for good while the rest is taken, and why. Pure. */
import { SERIES_LABELS_MAX } from './settings.ts';
import { formatLabelSet, type LabelSet, METRIC_NAME } from '../model/labels.ts';

/** The words of each reason, for the answer. */
const WORDS = {
  no_name: 'a series has no metric name',
  label_name: 'the name of a label is empty',
  label_count: `a series has more than ${SERIES_LABELS_MAX} labels`,
  label_text: 'a label is not valid UTF-8',
  duplicate_label: 'a series has two labels of one name',
  histogram: 'the buckets of a native histogram do not fit its count, spans, bounds or schema',
  exemplar: 'an exemplar is not valid UTF-8',
  metadata: 'metadata are not valid UTF-8',
  series_limit: 'a request has more series than can be remembered',
} as const;

export type PushRejectReason = keyof typeof WORDS;

const SERIES_TEXT_MAX = 300;

export class PushRejections {
  /** Samples, histograms, exemplars and metadata. */
  readonly byReason = new Map<PushRejectReason, number>();
  total = 0;
  #first = '';

  add(reason: PushRejectReason, items: number, labels: LabelSet): void {
    if (this.total === 0) {
      const text = formatLabelSet(labels);
      const series = text.length > SERIES_TEXT_MAX ? `${text.slice(0, SERIES_TEXT_MAX)}…` : text;
      this.#first = `${WORDS[reason]}: ${series}`;
    }
    this.total += items;
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + items);
  }

  /** The first one, and how many there are of each kind; '' where there is none. */
  describe(): string {
    if (this.byReason.size === 0) return '';
    const counts = [...this.byReason].map(([reason, count]) => `${reason} ${count}`).join(', ');
    return `${this.#first} (refused: ${counts})`;
  }
}

/** Why a series with these labels is refused. */
export function faultOfLabels(sent: LabelSet): PushRejectReason | undefined {
  const names = new Map(sent.map(({ name, value }) => [name, value]));
  if ((names.get(METRIC_NAME) ?? '') === '') return 'no_name';
  if (names.has('')) return 'label_name';
  return names.size < sent.length ? 'duplicate_label' : undefined;
}
