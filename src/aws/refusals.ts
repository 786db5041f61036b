/**
 * What AWS' refusal of a signature is about, by its text: a wrong clock, or a token that is stale.
 * Pure.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
const SKEWED = /Signature (?:expired|not yet current)|RequestTimeTooSkewed|RequestExpired/i;
const STALE_TOKEN =
  /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|security token .* (?:expired|invalid)/i;

/** Whether the clock of the signer is wrong: the time of the service would do. */
export function blamesClock(refusal: string): boolean {
  return SKEWED.test(refusal);
}

/** Whether the credentials have expired or are not known: fresh ones may do. */
export function blamesToken(refusal: string): boolean {
  return STALE_TOKEN.test(refusal);
}
