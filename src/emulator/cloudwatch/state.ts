/**
 * The CloudWatch of an emulated account: the metrics that log events gave, and how many events
 * broke the embedded metric format.
 * Source of the metrics of faults:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
 */
import { type EmfFaultKind, readEmf } from './emf.ts';
import { CloudWatchOtlp } from './otlp.ts';
import { MetricStore } from './store.ts';

export interface LogEvent {
  readonly group: string;
  readonly timestampMs: number;
  readonly message: string;
  /** Whether the sender said that the event is of the embedded metric format. */
  readonly isEmf: boolean;
  /** When it came. */
  readonly nowMs: number;
}

const FAULT_METRICS = { parsing: 'EMFParsingErrors', validation: 'EMFValidationErrors' } as const;
/** Faults that are kept to be shown. */
const FAULTS_MAX = 100;

export class CloudWatchState {
  readonly store = new MetricStore();
  readonly otlp = new CloudWatchOtlp();
  readonly #faults: {
    readonly kind: EmfFaultKind;
    readonly group: string;
    readonly words: string;
  }[] = [];
  readonly #counts = { events: 0, parsing: 0, validation: 0, droppedMetrics: 0 };

  /** Called for each metric that leaves at a limit. */
  onDrop: () => void = () => undefined;

  constructor() {
    this.store.onDrop = () => {
      this.#counts.droppedMetrics += 1;
      this.onDrop();
    };
  }

  /** Takes the metrics of an event, if it has any. */
  takeLogEvent({ group, message, isEmf, timestampMs, nowMs }: LogEvent): void {
    const reading = readEmf(message, isEmf, nowMs);
    switch (reading.is) {
      case 'metrics':
        this.#counts.events += 1;
        for (const datum of reading.data) this.store.add(datum);
        return;
      case 'fault': {
        const { kind, words } = reading;
        this.#counts[kind] += 1;
        this.#faults.push({ kind, group, words });
        if (this.#faults.length > FAULTS_MAX) this.#faults.shift();
        this.store.add({
          namespace: 'AWS/Logs',
          name: FAULT_METRICS[kind],
          dimensions: [{ name: 'LogGroupName', value: group }],
          timestampMs,
          unit: 'None',
          isHighResolution: false,
          values: [[1, 1]],
        });
        return;
      }
      case 'other':
        return;
    }
  }

  /** Forgets metrics and counts. */
  clear(): void {
    this.store.clear();
    this.#faults.length = 0;
    Object.assign(this.#counts, { events: 0, parsing: 0, validation: 0, droppedMetrics: 0 });
  }

  /** What was received so far. */
  describe(): CloudWatchDescription {
    const { events, parsing, validation, droppedMetrics } = this.#counts;
    return {
      emf: { events, parsing, validation },
      faults: this.#faults,
      droppedMetrics,
      metrics: this.store.size,
    };
  }
}

export interface CloudWatchDescription {
  /** Events of the embedded metric format by what became of them. */
  readonly emf: {
    readonly events: number;
    readonly parsing: number;
    readonly validation: number;
  };
  /** The last faults of such events. */
  readonly faults: readonly {
    readonly kind: EmfFaultKind;
    readonly group: string;
    readonly words: string;
  }[];
  readonly droppedMetrics: number;
  readonly metrics: number;
}
