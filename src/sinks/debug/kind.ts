/**
 * `debug_write`: metrics as lines in the log of the process, or on its outputs, to be looked at; of
 * traces, how many segments came. Lines are written at a commit; there is no queue, since nothing
 * waits for them.
 * Limits: lines of one commit.
 */
import * as z from 'zod';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import { boundedLines } from '../../kernel/output-lines.ts';
import type { Borrowed } from '../../model/borrowed.ts';
import { countMetrics, type ResourceMetrics } from '../../model/otel-metrics.ts';
import type { TraceAppender } from '../../model/trace-appender.ts';
import { countSchema } from '../../settings/count.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { MetricsAppender } from '../assembly/appender.ts';
import { defineDirectSink, type ResolvedDirectSink } from '../sink.ts';
import { Sampler, type Sampling } from './sampler.ts';
import { formatDetailed, formatNormal } from './text.ts';

/** Lines of one commit; those that follow are left out, which a last line says. */
const LINES_MAX = 10_000;

const VERBOSITIES = ['basic', 'normal', 'detailed'] as const;
type Verbosity = (typeof VERBOSITIES)[number];

const OUTPUTS = ['log', 'stdout', 'stderr'] as const;
type Output = (typeof OUTPUTS)[number];
const LOG_ONLY: readonly Output[] = ['log'];

const schema = z
  .strictObject({
    name: textSchema
      .optional()
      .describe('Name of the entry in logs; made from the outputs by default.'),
    verbosity: z
      .enum(VERBOSITIES)
      .optional()
      .meta({
        description:
          'basic: a line for each scrape with its counts; normal: also a line for each data ' +
          'point; ' +
          'detailed: also all that is known of it.',
        default: 'basic',
      }),
    sampling_initial: countSchema.optional().meta({
      description: 'How many equal messages are written in each second, before sampling.',
      default: 2,
    }),
    sampling_thereafter: countSchema.optional().meta({
      description: 'Of the rest, every one of so many is written; 0: none.',
      default: 1,
    }),
    outputs: listOf(z.enum(OUTPUTS))
      .refine((list) => list.length > 0, 'names no output')
      .optional()
      .meta({
        description: 'Where to: log (as --log.format says), stdout or stderr, there as plain text.',
        default: ['log'],
      }),
  })
  .describe('Samples as lines of text, for a look at them. Prometheus has no such key.');

export interface DebugSettings {
  readonly verbosity: Verbosity;
  readonly sampling: Sampling;
  readonly outputs: readonly Output[];
}

export const debugKind = defineDirectSink({
  kind: 'debug',
  key: 'debug_write',
  schema,
  isDirect: true,
  signals: ['metrics', 'traces'],
  resolve: ({
    name,
    verbosity = 'basic',
    sampling_initial: initial = 2,
    sampling_thereafter: thereafter = 1,
    outputs = LOG_ONLY,
  }): ResolvedDirectSink<DebugSettings> => {
    const address = outputs.join(' and ');
    const settings: DebugSettings = { verbosity, sampling: { initial, thereafter }, outputs };
    return { name, address, shownAddress: address, transforms: [], settings };
  },
  open: ({ settings }, { id, world: { clock, log } }) => {
    const world = { clock, log: log.with({ sink: id }).unlimited() };
    const write = createWriter(settings, world);
    const count = createSegmentCounter(settings, world);
    return {
      name: id,
      openAppender: () => new MetricsAppender(write),
      openTraces: () => new CountedSegments(count),
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    };
  },
});

/** Counts the segment documents of a commit; what they hold is not looked at. */
class CountedSegments implements TraceAppender {
  readonly #write: (counts: Counts) => void;
  #documents = 0;
  #bytes = 0;

  constructor(write: (counts: Counts) => void) {
    this.#write = write;
  }

  append(document: Borrowed<Uint8Array>): void {
    this.#documents += 1;
    this.#bytes += document.byteLength;
  }

  commit(): void {
    if (this.#documents === 0) return;
    this.#write({ documents: this.#documents, bytes: this.#bytes });
    this.#documents = 0;
    this.#bytes = 0;
  }
}

type Counts = Readonly<Record<string, number>>;

interface WriterWorld {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Writes a line for the segments of a commit, whatever the verbosity. */
function createSegmentCounter(
  { sampling, outputs }: DebugSettings,
  { clock, log }: WriterWorld,
): (counts: Counts) => void {
  const sampler = new Sampler(sampling);
  const writeCounts = createCountsWriter(outputs, log);
  return (counts) => {
    if (sampler.admit('traces', clock.elapsedMs())) writeCounts('traces', counts);
  };
}

function createCountsWriter(
  outputs: readonly Output[],
  log: Logger,
): (what: string, counts: Counts) => void {
  const writers = { stdout: boundedLines(process.stdout), stderr: boundedLines(process.stderr) };
  return (what, counts) => {
    const text = Object.entries(counts).map(([key, count]) => `${key}=${count}`);
    for (const output of outputs)
      if (output === 'log') log.info(what, counts);
      else writers[output](`${what} ${text.join(' ')}`);
  };
}

/** Writes the metrics of a commit. */
export function createWriter(
  { verbosity, sampling, outputs }: DebugSettings,
  { clock, log }: WriterWorld,
): (all: readonly ResourceMetrics[]) => undefined {
  const sampler = new Sampler(sampling);
  const writeCounts = createCountsWriter(outputs, log);
  const writers = { stdout: boundedLines(process.stdout), stderr: boundedLines(process.stderr) };
  const print = (line: string): void => {
    for (const output of outputs)
      if (output === 'log') log.info(line);
      else writers[output](line);
  };
  return (all) => {
    const atMs = clock.elapsedMs();
    if (sampler.admit('metrics', atMs)) {
      const { resources, metrics, points } = countMetrics(all);
      writeCounts('metrics', { resource_metrics: resources, metrics, data_points: points });
    }
    if (verbosity === 'basic') return;
    const lines: string[] = [];
    for (const line of verbosity === 'normal' ? formatNormal(all) : formatDetailed(all)) {
      if (lines.length === LINES_MAX) {
        lines.push(`the rest is left out: a scrape writes at most ${LINES_MAX} lines`);
        break;
      }
      lines.push(line);
    }
    if (sampler.admit(lines.join('\n'), atMs)) for (const line of lines) print(line);
  };
}
