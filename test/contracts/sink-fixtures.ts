/**
 * What the contract needs from each kind of sink: a receiver, what has arrived there, and a way to
 * break the receiver.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeLabelSet } from '../../src/model/labels.ts';
import type { sinkKinds } from '../../src/sinks/sinks.ts';
import { Receiver } from '../kit/receiver.ts';

export interface SinkFixture {
  /** A valid entry of the configuration. */
  readonly entry: Record<string, unknown>;
  /** The samples that arrived, in order and with repeats: `name=value,… time value`. */
  arrived(): string[];
  /** From now on the receiver accepts nothing. */
  break(): void;
  mend(): void;
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

  async file() {
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
        [...linesOf(away), ...linesOf(file)].filter((one) => one !== '').map(formatSample),
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
  },
};

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
