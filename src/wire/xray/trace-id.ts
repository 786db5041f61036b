/**
 * The form of X-Ray's trace ids: a version, the time in 8 hexadecimal digits, and 24 random ones,
 * in lower case. X-Ray takes no others.
 * Sources: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html,
 * https://github.com/aws/aws-xray-sdk-go/pull/3
 */
export const TRACE_ID = /^1-[\da-f]{8}-[\da-f]{24}$/;
