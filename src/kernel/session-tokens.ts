/**
 * Hides session tokens of AWS in texts of others: the answer to a signature that does not match
 * holds the whole canonical request, and the token with it. Pure.
 */

const TOKEN = /(x-amz-security-token["']?(?::|=|%3[AD])\s*["']?)[^\s"'&;,\\]+/gi;

export function hideSessionTokens(text: string): string {
  return text.replaceAll(TOKEN, '$1<secret>');
}
