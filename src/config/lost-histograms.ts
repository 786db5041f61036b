/**
 * Histograms that convert_classic_histograms_to_nhcb makes native ones, and the entries of
 * remote_write that do not send them, or not as the specification has it.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
import type { Reporter } from '../settings/finding.ts';
import type { SourcePlan } from './plan.ts';

interface Entry {
  readonly send_native_histograms?: boolean | undefined;
  readonly protobuf_message?: string | undefined;
}

export function warnOfLostHistograms(
  sources: readonly SourcePlan[],
  entries: readonly Entry[],
  report: Reporter,
): void {
  const source = sources.find(({ scrape }) => scrape.histograms.convertsClassic);
  if (source === undefined) return;
  const whose =
    `the histograms of job ${JSON.stringify(source.scrape.jobName)}, which ` +
    'convert_classic_histograms_to_nhcb makes native ones';
  for (const [index, entry] of entries.entries()) {
    const path = ['remote_write', index];
    if (entry.send_native_histograms !== true)
      report.warn(path, `it leaves out ${whose}: set send_native_histograms`);
    else if (entry.protobuf_message !== 'io.prometheus.write.v2.Request')
      report.warn(
        path,
        `remote write 1.0 does not specify the bounds of ${whose}, and a receiver may not read ` +
          'them: set protobuf_message to io.prometheus.write.v2.Request',
      );
  }
}
