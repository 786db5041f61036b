/** What labels and addresses of targets on AWS are made with. Pure. */

export type Labels = Readonly<Record<string, string>>;

/** The address of a target; an IPv6 host is put in brackets. */
export function joinHostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Drops empty labels, which are the same as absent ones. */
export function dropEmptyLabels(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

/** Makes labels of tags; a tag without a key or a value is ignored. */
export function makeTagLabels(
  tags: readonly { readonly key?: string | undefined; readonly value?: string | undefined }[] = [],
): Labels {
  return Object.fromEntries(
    tags.flatMap(({ key, value }) =>
      key === undefined || value === undefined ? [] : [[key, value]],
    ),
  );
}

/**
 * Prefixes label names and replaces each invalid character with `_`. If two names become equal, the
 * last one wins.
 */
export function prefixLabelNames(prefix: string, values: Labels = {}): Labels {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      // The `u` flag replaces whole code points, as Go does, and not surrogate halves.
      `${prefix}${name.replaceAll(/[^A-Za-z0-9_]/gu, '_')}`,
      value,
    ]),
  );
}
