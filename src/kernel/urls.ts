/**
 * Parses URLs and keeps the results, since the same targets are scraped again and again.
 * Limits: 10,000 URLs, then all are forgotten at once.
 */
const REMEMBERED_MAX = 10_000;
/** Longer URLs are parsed each time: redirects of hostile targets must not fill the memory. */
const LENGTH_MAX = 512;
const remembered = new Map<string, URL>();

/**
 * The returned object is shared with other callers and must not be changed.
 *
 * @throws TypeError for a text that is not a URL
 */
export function parseUrl(text: string): URL {
  let url = remembered.get(text);
  if (url === undefined) {
    url = new URL(text);
    if (text.length > LENGTH_MAX) return url;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(text, url);
  }
  return url;
}
