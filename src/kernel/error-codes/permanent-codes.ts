/**
 * Codes of what cannot succeed as it is: a scrape is dropped as a whole (`up` is 0, its text is in
 * `lastError`), a request is not sent. Each has its bounded word for metrics.
 */
import type { CountedEntry } from './entry.ts';

export const permanentCodes = {
  HTTP_METADATA_ADDRESS: {
    reason: 'metadata_address',
    means:
      'The address is one where ECS or EC2 hand out credentials, which no target, redirect or ' +
      'proxy may lead to.',
    remedy: 'Correct the target; a job that means it sets allow_metadata_addresses.',
  },
  SCRAPE_BUCKET_LIMIT: {
    reason: 'histogram_bucket_limit',
    means:
      'A native histogram has more buckets than native_histogram_bucket_limit, also at the ' +
      'lowest resolution.',
    remedy: 'Raise the limit, or let the application use fewer buckets.',
  },
  SCRAPE_CONTENT_TYPE: {
    reason: 'content_type',
    means:
      'The answer has a Content-Type that is no exposition, and the job has no ' +
      'fallback_scrape_protocol for it.',
    remedy:
      'Check metrics_path and port; an application that serves metrics so needs ' +
      'fallback_scrape_protocol.',
  },
  SCRAPE_LABEL_LIMIT: {
    reason: 'label_limit',
    means:
      'A series has more labels, or a longer name or value of a label, than the limits of the ' +
      'job allow.',
    remedy: 'Drop the label by metric_relabel_configs, or raise the limit that the message names.',
  },
  SCRAPE_NAME: {
    reason: 'invalid_name',
    means: 'A metric or label has a name that metric_name_validation_scheme does not allow.',
    remedy: 'Rename it by metric_relabel_configs, or set metric_name_validation_scheme to utf8.',
  },
  SCRAPE_NO_NAME: {
    reason: 'no_name',
    means: 'A series has no name after metric_relabel_configs.',
    remedy: 'Correct the rule that writes __name__.',
  },
  SCRAPE_REDIRECTS: {
    reason: 'redirects',
    means: 'The target redirects more often than a scrape follows.',
    remedy: 'Give metrics_path and scheme of the last address.',
  },
  SCRAPE_SAMPLE_LIMIT: {
    reason: 'sample_limit',
    means: 'A scrape has more samples than sample_limit, after metric_relabel_configs.',
    remedy: 'Drop series by metric_relabel_configs, or raise sample_limit.',
  },
  SCRAPE_STATUS: {
    reason: 'status',
    means: 'The target answered with another status than 200.',
    remedy: 'Check metrics_path, the credentials of the job, and the log of the application.',
  },
  SCRAPE_TARGET_LIMIT: {
    reason: 'target_limit',
    means: 'The job has more targets than target_limit. None of them is scraped, as in Prometheus.',
    remedy: 'Drop targets by relabel_configs, or raise target_limit.',
  },
} as const satisfies Record<string, CountedEntry>;
