/**
 * What a response of the receiver means for the batch: delivered, to be sent again, to be split, or
 * refused for good. Pure. As AMP needs it: its throttle of new series comes as a 400, and a fault
 * of the set-up loses no samples.
 * Sources: https://prometheus.io/docs/specs/prw/remote_write_spec/#retries-backoff,
 * https://docs.aws.amazon.com/prometheus/latest/userguide/Troubleshooting-remotewrite.html
 */
import type { RecoverableCode } from '../../../kernel/error-codes/catalogue.ts';
import { RecoverableError } from '../../../kernel/errors.ts';
import type { ClientResponse } from '../../../kernel/http-client.ts';
import { parseRetryAfterMs } from '../../../kernel/retry.ts';
import { withoutSecrets } from '../../../settings/url.ts';

/** Why the receiver refused samples for good; bounded words for metrics. */
export type RefusalReason =
  | 'out_of_order'
  | 'too_old'
  | 'duplicate_timestamp'
  | 'label_limit'
  | 'invalid_labels'
  | 'series_limit'
  | 'bad_request'
  | 'conflict'
  | 'too_large'
  | 'corrupt';

/** What a response means, without the number of bytes and items that were sent. */
export type AnswerVerdict =
  | { readonly kind: 'delivered' }
  /** The request is too large as a whole. */
  | { readonly kind: 'split'; readonly text: string }
  /**
   * `isSeparable`: the fault may be that of a single series, so the others are tried in requests of
   * their own.
   */
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly isSeparable: boolean;
      readonly text: string;
    }
  /** `credentials`: whether they may be out of date, so that new ones should be fetched. */
  | {
      readonly kind: 'again';
      readonly error: RecoverableError;
      readonly credentials: boolean;
    };

const TEXT_MAX = 1_024;

/** Error texts of Prometheus, Cortex, Mimir and AMP, and their reasons. The first match counts. */
const REFUSALS: readonly (readonly [RegExp, RefusalReason])[] = [
  [/out.of.order/i, 'out_of_order'],
  [/duplicate (sample )?for timestamp|new.value.for.timestamp/i, 'duplicate_timestamp'],
  [/max.sample.age|too.old|too.far.(in.the.)?past|out.of.bounds/i, 'too_old'],
  [/too many labels|max.label.names|(label )?(name|value).too.long/i, 'label_limit'],
  [/per.metric series limit|per.label.?set|label.set.*limit/i, 'series_limit'],
  [/label|metric.name|utf-?8/i, 'invalid_labels'],
];

/** AMP raises these limits by itself within minutes, so its 400 is a throttle. */
const SURGE = /per.user series limit|per_user_series_limit|ingestion rate limit|rate exceeded/i;

/**
 * Judges a response by its status and text.
 *
 * @param where    the receiver's URL for messages, without secrets
 * @param attempt  1 for the first; after it, a 401 or 403 is tried again at once, with new
 *                 credentials
 */
export function classify(
  response: ClientResponse,
  where: string,
  nowMs: number,
  attempt: number,
): AnswerVerdict {
  const { status } = response;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 413) return { kind: 'split', text: '413 for a single series' };
  const text = decodeBody(response.body);
  const asked = parseRetryAfterMs(response.headers, nowMs);
  const again = (code: RecoverableCode, remedy: string, isOfSetUp = false): AnswerVerdict => ({
    kind: 'again',
    credentials: code === 'SINK_FORBIDDEN',
    error: new RecoverableError(
      code,
      `remote_write to ${where} answered ${status}${text === '' ? '' : ` "${text}"`}${remedy}`,
      { retryAfterMs: asked, isOfSetUp },
    ),
  });
  const setUp = (code: RecoverableCode, remedy: string): AnswerVerdict => again(code, remedy, true);
  if (status === 429 || SURGE.test(text)) return again('SINK_THROTTLED', '');
  if (status >= 500 || status === 408 || status === 425) return again('SINK_UNAVAILABLE', '');
  if (status === 401 || status === 403) {
    const remedy =
      '; check the credentials, that the role has aps:RemoteWrite on this workspace, and the clock';
    return attempt === 1 ? again('SINK_FORBIDDEN', remedy) : setUp('SINK_FORBIDDEN', remedy);
  }
  if (status === 404 || status === 405) {
    return setUp('SINK_NOT_FOUND', '; check the workspace in the url, nothing is lost meanwhile');
  }
  if (status === 415) {
    return setUp('SINK_UNSUPPORTED', '; the url does not take remote write 1.0, check it');
  }
  if (status < 400) {
    const to = withoutSecrets(response.headers['location'] ?? '');
    return setUp('SINK_REDIRECTED', `; redirects are not followed, write the url of "${to}"`);
  }
  // Any of these may be about single series. Cortex and AMP have taken the good ones, and take them
  // again; Prometheus has taken none.
  const reason = classifyRefusal(text, status === 409 ? 'conflict' : 'bad_request');
  return { kind: 'refused', reason, isSeparable: true, text: `${status} ${text}`.trim() };
}

function classifyRefusal(text: string, otherwise: RefusalReason): RefusalReason {
  return REFUSALS.find(([pattern]) => pattern.test(text))?.[1] ?? otherwise;
}

function decodeBody(body: Buffer): string {
  return body.subarray(0, TEXT_MAX).toString('utf8').trim().replaceAll(/\s+/g, ' ');
}
