/**
 * Parsed URLs, remembered: the same targets are asked again and again.
 */
const REMEMBERED_MAX = 10_000;
/** Longer ones are parsed each time: redirects of hostile targets must not fill the memory. */
const LENGTH_MAX = 512;
const remembered = new Map<string, URL>();

/** Shared with others: not to be changed. @throws TypeError for what is no URL */
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
