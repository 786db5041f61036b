/**
 * A configuration for the collectors that AWS runs itself: what is right here, of the keys that
 * those take. All that they lack is told at its line, with what to write instead.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
 */
import type { ConfigPath, Finding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';
import { type DocumentReading, openDocument } from './reading.ts';

const ROOT = ['global', 'scrape_configs'];
const GLOBAL = ['scrape_interval', 'scrape_timeout', 'external_labels'];
const JOB = [
  'job_name', 'metrics_path', 'scheme', 'scrape_interval', 'scrape_timeout', 'static_configs',
  'dns_sd_configs', 'relabel_configs', 'metric_relabel_configs', 'tls_config',
]; // prettier-ignore

/** Errors alone; none for a configuration that can be used. */
export async function checkScraper(text: string, file: string): Promise<readonly Finding[]> {
  const { findings } = await checkConfigText(text, file);
  const faults = findings.filter(({ severity }) => severity === 'error');
  if (faults.length > 0) return faults;
  const reading: DocumentReading = { findings: [], texts: [text], env: {}, allowsPartial: false };
  const opened = await openDocument(text, file, reading);
  if (opened === undefined) return reading.findings;
  const { document, report } = opened;
  const refuse = (value: unknown, known: readonly string[], at: ConfigPath): void => {
    for (const key of Object.keys(value ?? {}))
      if (!known.includes(key))
        report.error(
          [...at, key],
          'CONFIG_UNSUPPORTED',
          `the collectors of AWS take no ${key}: ${adviseOn(key)}`,
        );
  };
  const root = document.value as {
    readonly global?: unknown;
    readonly scrape_configs?: readonly unknown[];
  };
  refuse(root, ROOT, []);
  refuse(root.global, GLOBAL, ['global']);
  const jobs = root.scrape_configs ?? [];
  for (const [i, job] of jobs.entries()) refuse(job, JOB, ['scrape_configs', i]);
  if (jobs.length === 0) report.error([], 'CONFIG_VALUE', 'there is no job in scrape_configs');
  return reading.findings.filter(({ severity }) => severity === 'error');
}

function adviseOn(key: string): string {
  if (key.endsWith('_sd_configs'))
    return 'write dns_sd_configs with the names of services in Cloud Map, or static_configs';
  if (key.endsWith('_write')) return 'samples go to the workspace of the collector; leave it out';
  return 'leave it out, or collect with "amperage collect"';
}
