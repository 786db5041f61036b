/**
 * What AWS means by a refusal of a signed request where the status does not tell: its services
 * answer 400 for throttling, for stale credentials, and X-Ray for spans where traces are not kept
 * in CloudWatch Logs. None of these is a fault of the items, so none may cost them. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/api/CommonErrors.html,
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
 */
export type AwsRefusal = 'throttled' | 'forbidden' | 'no_destination';

const THROTTLED = /throttl|too.?many.?requests|slow.?down|(?:rate|limit|throughput).?exceeded/i;
const FORBIDDEN =
  /AccessDenied|NotAuthorized|UnrecognizedClient|Expired|InvalidClientTokenId|InvalidToken|Signature|MissingAuthentication|OptInRequired/i;
const NO_DESTINATION = /segment destination|transaction search/i;
/** The name of an error before its message, as the endpoints write it where no header has it. */
const LEADING_NAME = /^\s*([A-Z][A-Za-z]*(?:Exception|Error|Signature|Token)?)\s*:/;

/**
 * @param type  the header X-Amzn-ErrorType; undefined where there is none
 * @param body  of the answer, as text, bounded
 * @param text  its message; it may quote items, so only its first word names an error
 */
export function nameAwsRefusal(
  type: string | undefined,
  body: string,
  text: string,
): AwsRefusal | undefined {
  if (NO_DESTINATION.test(text)) return 'no_destination';
  const name = type ?? readType(body) ?? LEADING_NAME.exec(text)?.[1] ?? '';
  if (THROTTLED.test(name)) return 'throttled';
  return FORBIDDEN.test(name) ? 'forbidden' : undefined;
}

/** `__type` of AWS' own JSON. */
function readType(text: string): string | undefined {
  return /"__type"\s*:\s*"([^"]{1,200})"/.exec(text)?.[1];
}
