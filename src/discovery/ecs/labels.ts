/** Pieces that every set of labels of a task is made of. Pure. */

export type Labels = Readonly<Record<string, string>>;

/** An empty label is the same as none. */
export function dropEmptyLabels(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

/** A tag without a key or a value is none. */
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
 * Each character that a label's name cannot hold becomes one `_`; of two names that become one the
 * last wins.
 */
export function prefixLabelNames(prefix: string, values: Labels = {}): Labels {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      // By characters, as Go has it, not by halves of them.
      `${prefix}${name.replaceAll(/[^A-Za-z0-9_]/gu, '_')}`,
      value,
    ]),
  );
}
