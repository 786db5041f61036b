/**
 * Codes of failures that a retry cannot mend: the scrape is dropped as a whole (`up` is 0, the
 * message is in `lastError`), or the request is not sent. Each has its word for the label `reason`.
 */
import type { CountedEntry } from './entry.ts';

export const permanentCodes = {
  HTTP_METADATA_ADDRESS: {
    reason: 'metadata_address',
    means:
      'The address is one at which ECS or EC2 hand out credentials, also within an address of ' +
      'NAT64 with any prefix. No URL, redirect, proxy or endpoint of AWS may lead to it. A name ' +
      'that an HTTP proxy resolves is known only to that proxy, which has to refuse it itself.',
    remedy:
      'Correct the URL or the target. For the targets of a scrape job, allow_metadata_addresses ' +
      'allows it.',
  },
  SCRAPE_ADDRESS: {
    reason: 'address',
    means:
      'The address of the target, as relabel_configs leave it, is no host and port. The target ' +
      'is down at each scrape; in its URL stands address.invalid.',
    remedy:
      'Correct the list of targets, or the rule that writes __address__. Scheme and path have ' +
      'keys and labels of their own: scheme and metrics_path, __scheme__ and __metrics_path__.',
  },
  SCRAPE_BUCKET_LIMIT: {
    reason: 'histogram_bucket_limit',
    means:
      'A native histogram has more buckets than native_histogram_bucket_limit, even at the ' +
      'lowest resolution.',
    remedy: 'Raise the limit, or let the application use fewer buckets.',
  },
  SCRAPE_CONTENT_TYPE: {
    reason: 'content_type',
    means:
      'The Content-Type of the answer is not that of an exposition, and the job has no ' +
      'fallback_scrape_protocol.',
    remedy:
      'Check metrics_path and port; for an application that serves metrics with such a type, set ' +
      'fallback_scrape_protocol.',
  },
  SCRAPE_ENCODING: {
    reason: 'encoding',
    means:
      'The body of the answer is compressed in a way that is not known here, or otherwise than ' +
      'its Content-Encoding says.',
    remedy:
      'Let the application, or the proxy before it, compress a page once with gzip and say so in ' +
      'Content-Encoding, or not at all.',
  },
  SCRAPE_LABEL_LIMIT: {
    reason: 'label_limit',
    means:
      'A series has more labels, or a label with a longer name or value, than the limits of the ' +
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
    remedy: 'Set metrics_path and scheme to those of the last address.',
  },
  SCRAPE_SAMPLE_LIMIT: {
    reason: 'sample_limit',
    means: 'A scrape has more samples than sample_limit, after metric_relabel_configs.',
    remedy: 'Drop series by metric_relabel_configs, or raise sample_limit.',
  },
  SCRAPE_STATUS: {
    reason: 'status',
    means: 'The target answered with a status other than 200.',
    remedy: 'Check metrics_path, the credentials of the job, and the log of the application.',
  },
  SCRAPE_TARGET_LIMIT: {
    reason: 'target_limit',
    means: 'The job has more targets than target_limit. None of them is scraped, as in Prometheus.',
    remedy: 'Drop targets by relabel_configs, or raise target_limit.',
  },
} as const satisfies Record<string, CountedEntry>;
