/** Paths below which everything is served, beside the root. Pure. */

/** The path as it is without the prefix (`/collect`); paths beside the prefix stay. */
export function withoutPrefix(path: string, prefix = ''): string {
  if (prefix === '' || (path !== prefix && !path.startsWith(`${prefix}/`))) return path;
  return path.slice(prefix.length) || '/';
}
