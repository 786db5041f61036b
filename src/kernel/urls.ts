/**
 * Parsed URLs, remembered: the same targets are asked again and again.
 */
const REMEMBERED_MAX = 20_000;
const remembered = new Map<string, URL>();

/** Shared with others: not to be changed. @throws TypeError for what is no URL */
export function urlOf(text: string): URL {
  let url = remembered.get(text);
  if (url === undefined) {
    url = new URL(text);
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(text, url);
  }
  return url;
}
