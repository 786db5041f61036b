/**
 * References to the environment in the values of both dialects. The Collector writes `$$` for a
 * dollar sign and takes `${X}` and `${env:X}`; a Prometheus configuration keeps `$1` for
 * relabelling and takes `${env:X}` alone. Pure.
 */

/** A value of a collector configuration, its references kept, as a Prometheus configuration. */
export function withPrometheusReferences(value: unknown): unknown {
  return mapTexts(value, (text) =>
    text.replaceAll(
      /\$\$|\$\{(?!\w+:(?!-))([A-Za-z_]\w*(?::-[^}]*)?)\}/g,
      (_match, name: string | undefined) => (name === undefined ? '$' : `\${env:${name}}`),
    ),
  );
}

/** A value of a Prometheus configuration as a collector configuration. */
export function withCollectorReferences(value: unknown): unknown {
  return mapTexts(value, (text) =>
    text.replaceAll(/\$(?!\{env:[A-Za-z_]\w*(?::-[^}]*)?\})/g, '$$$$'),
  );
}

/** Where else than in the environment references of the value look: file, s3 and so on. */
export function listSources(value: unknown): readonly string[] {
  const found = new Set<string>();
  mapTexts(value, (text) => {
    for (const [, scheme = ''] of text.matchAll(/(?<!\$)\$\{(\w+):(?!-)/g))
      if (scheme !== 'env') found.add(scheme);
    return text;
  });
  return [...found];
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, change)]),
  );
}
