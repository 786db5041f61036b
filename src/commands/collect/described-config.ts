/** What a configuration amounts to, in the few words of a log line: its digest, jobs and sinks. */
import { hash } from 'node:crypto';
import type { LoadedConfig } from '../../config/load.ts';
import type { LogFields } from '../../kernel/logger.ts';

/** Of more sinks the first are named, and the others counted. */
const NAMED_MAX = 5;

/** The digest is the beginning of the text's SHA-256. */
export function describeConfig({ text, plan }: LoadedConfig): LogFields {
  const receivers = [...plan.traceReceivers, ...plan.otlpReceivers, ...plan.statsdReceivers];
  const names = plan.sinks.map(({ id }) => id);
  const more = names.length > NAMED_MAX ? [`${names.length - NAMED_MAX} more`] : [];
  return {
    digest: hash('sha256', text).slice(0, 16),
    jobs: plan.sources.length,
    receivers: receivers.length,
    sinks: names.length === 0 ? undefined : [...names.slice(0, NAMED_MAX), ...more].join(', '),
  };
}
