/** How the process logs: by its flags where they are given, then by the configuration. */
import type { LogPlan } from '../../config/plan.ts';
import type { LoggerOptions } from '../../kernel/logger.ts';
import { boundedLines } from '../../kernel/output-lines.ts';
import { type LogOptions, readLogFlags } from '../runner.ts';

/** @param isGiven  whether a flag was given, by its name without dashes */
export function planLogger(
  plan: LogPlan,
  flags: Pick<LogOptions, 'log.level' | 'log.format'>,
  isGiven: (name: string) => boolean,
): LoggerOptions {
  const { outputs, repeats, fields } = plan;
  const own = readLogFlags(flags);
  const level = isGiven('log.level') ? own.level : (plan.level ?? own.level);
  const format = isGiven('log.format') ? own.format : (plan.format ?? own.format);
  return {
    ...(level === undefined ? {} : { level }),
    ...(format === undefined ? {} : { format }),
    ...(outputs === undefined ? {} : { write: writerTo(outputs) }),
    ...(repeats === undefined ? {} : { repeatMax: repeats.max, repeatWindowMs: repeats.windowMs }),
    fields,
  };
}

function writerTo(outputs: readonly ('stdout' | 'stderr')[]): (line: string) => void {
  const writers = outputs.map((output) => boundedLines(process[output]));
  return (line) => {
    for (const write of writers) write(line);
  };
}
