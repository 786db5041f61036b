/**
 * What the contract needs from each kind of sink: a receiver, what has arrived there, and a way to
 * break the receiver.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeLabelSet } from '../../src/model/labels.ts';
import type { sinkKinds } from '../../src/sinks/sinks.ts';
import { LogsReceiver, type SentEvent } from '../kit/logs-receiver.ts';
import { Receiver } from '../kit/receiver.ts';
import { XrayReceiver } from '../kit/xray-receiver.ts';

export interface SinkFixture {
  /** A valid entry of the configuration. */
  readonly entry: Record<string, unknown>;
  /**
   * What arrived, in order and with repeats: samples as `name=value,… time value`, documents as
   * they are.
   *
   * @param lines  the log of the process so far
   */
  arrived(lines: readonly string[]): string[];
  /** From now on the receiver accepts nothing. */
  break(): void;
  mend(): void;
  /** Whether the receiver can take this value of a sample; all when absent. */
  isCarried?(value: string): boolean;
  /** How many items two samples of one target and time are; 2 when absent. */
  readonly itemsOfTwo?: number;
  close(): Promise<void>;
}

type Kind = (typeof sinkKinds)[number]['kind'];

export const sinkFixtures: Readonly<Record<Kind, () => Promise<SinkFixture>>> = {
  async remote_write() {
    const receiver = new Receiver();
    await receiver.server.start();
    return {
      entry: {
        url: receiver.url,
        queue_config: { batch_send_deadline: '10ms', max_backoff: '50ms' },
        metadata_config: { send: false },
      },
      arrived: () =>
        receiver.kept.map(({ series, tMs, value }) => `${series} ${tMs} ${shown(value)}`),
      break: () => (receiver.answer = () => ({ status: 503 })),
      mend: () => (receiver.answer = () => ({ status: 204 })),
      close: () => receiver.server.stop(100),
    };
  },

  file: () => Promise.resolve(openFileFixture((line) => [formatSample(line)])),

  otlp_file: () => Promise.resolve(openFileFixture(formatPoints)),

  debug: () =>
    Promise.resolve({
      entry: { verbosity: 'detailed' },
      arrived: listDebugged,
      break: () => undefined,
      mend: () => undefined,
      close: () => Promise.resolve(),
    }),

  async xray() {
    const receiver = new XrayReceiver();
    await receiver.server.start();
    return {
      entry: receiver.entry,
      arrived: () => [...receiver.kept],
      break: () => (receiver.answer = () => ({ status: 503 })),
      mend: () => (receiver.answer = () => undefined),
      close: () => receiver.server.stop(100),
    };
  },

  async emf() {
    const receiver = new LogsReceiver();
    await receiver.server.start();
    return {
      entry: receiver.entry,
      arrived: () => receiver.kept.flatMap(listEventSamples),
      // An item is an event, and samples of the same labels are one.
      itemsOfTwo: 1,
      isCarried: (value) => Math.abs(Number(value)) <= 2 ** 360,
      break: () => (receiver.answer = () => ({ status: 503 })),
      mend: () => (receiver.answer = () => undefined),
      close: () => receiver.server.stop(100),
    };
  },
};

function openFileFixture(
  formatLine: (line: string) => readonly string[],
): Pick<SinkFixture, 'entry' | 'arrived' | 'break' | 'mend' | 'close'> {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-file-sink-'));
  const file = path.join(folder, 'samples.json');
  const away = `${file}.away`;
  const linesOf = (name: string): string[] => {
    try {
      return readFileSync(name, 'utf8').trimEnd().split('\n');
    } catch {
      return [];
    }
  };
  return {
    entry: { path: file },
    arrived: () =>
      [...linesOf(away), ...linesOf(file)].filter((one) => one !== '').flatMap(formatLine),
    break: () => {
      try {
        renameSync(file, away);
      } catch {
        // The file did not exist yet.
      }
      mkdirSync(file);
    },
    mend: () => rmSync(file, { recursive: true }),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Line {
  readonly labels: Record<string, string>;
  readonly timestamp_ms: number;
  readonly value?: number | string;
  readonly stale?: boolean;
}

function formatSample(line: string): string {
  const { labels, timestamp_ms: tMs, value, stale } = JSON.parse(line) as Line;
  const series = makeLabelSet(labels).map(({ name, value: text }) => `${name}=${text}`);
  return `${series.join()} ${tMs} ${stale === true ? 'NaN' : String(value)}`;
}

function shown(value: number): string {
  if (value === Infinity) return '+Inf';
  return String(value);
}

/** The points of a request of OTLP that are gauges. */
function formatPoints(line: string): readonly string[] {
  const request = JSON.parse(line) as {
    resourceMetrics: {
      scopeMetrics: {
        metrics: {
          name: string;
          gauge: {
            dataPoints: {
              attributes?: { key: string; value: { stringValue: string } }[];
              timeUnixNano: string;
              asDouble?: number | string;
            }[];
          };
        }[];
      }[];
    }[];
  };
  return request.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, gauge }) =>
        gauge.dataPoints.map(({ attributes = [], timeUnixNano, asDouble = NaN }) => {
          const labels = attributes.map(({ key, value }) => [key, value.stringValue] as const);
          const series = makeLabelSet([['__name__', name], ...labels]);
          const pairs = series.map((one) => `${one.name}=${one.value}`);
          return `${pairs.join()} ${BigInt(timeUnixNano) / 1_000_000n} ${shown(Number(asDouble))}`;
        }),
      ),
    ),
  );
}

/** The values of an event of the embedded metric format: its numbers; its texts are labels. */
function listEventSamples({ timestamp, message }: SentEvent): string[] {
  const { _aws: _head, Version: _version, ...members } = JSON.parse(message) as Members;
  const labels = Object.entries(members).filter(([, value]) => typeof value === 'string');
  const values = Object.entries(members).filter(([, value]) => typeof value === 'number');
  return values.map(([name, value]) => {
    const series = makeLabelSet([['__name__', name], ...(labels as [string, string][])]);
    const pairs = series.map((one) => `${one.name}=${one.value}`);
    return `${pairs.join()} ${timestamp} ${String(value)}`;
  });
}

type Members = Readonly<Record<string, unknown>>;

/** The points in the lines of a debug sink that writes all details. */
function listDebugged(lines: readonly string[]): string[] {
  const samples: string[] = [];
  let name = '';
  let labels: [string, string][] = [];
  let tMs = 0;
  for (const line of lines) {
    const written = / msg=(".*"|\S+) sink=/.exec(line)?.[1] ?? '';
    const event = written.startsWith('"') ? (JSON.parse(written) as string) : written;
    const [, key = '', value = ''] = /^(?:     -> )?([\w ]+): (.*)$/.exec(event) ?? [];
    if (key === 'Name') name = value;
    else if (event.startsWith('NumberDataPoints')) labels = [];
    else if (key === 'Timestamp') tMs = Date.parse(value.replace(' +0000 UTC', 'Z'));
    else if (value.startsWith('Str('))
      labels.push([key, value.slice(4, -1).replaceAll(String.raw`\n`, '\n')]);
    else if (key === 'Value' || key === 'Flags') {
      const series = makeLabelSet([['__name__', name], ...labels]);
      const pairs = series.map((one) => `${one.name}=${one.value}`);
      samples.push(`${pairs.join()} ${tMs} ${key === 'Flags' ? 'NaN' : value}`);
    }
  }
  return samples;
}
