/**
 * The calls that list what is stored: series, label names, label values, metadata. A series counts
 * for the whole time from its first to its last sample, so it is also listed where it has no sample
 * between start and end.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/#querying-metadata
 */
import { compareLabelSets, compareUtf8, type LabelSet, labelValue } from '../../model/labels.ts';
import type { Store } from '../storage/store.ts';
import { ApiError, type Data } from './answer.ts';
import { parseLimit, parseSelectors, parseTime } from './parameters.ts';
import { formatLabels } from './result-json.ts';
import type { ApiCall } from './routes.ts';

export function makeListCalls(store: Store): ApiCall[] {
  return [
    {
      path: 'series',
      methods: ['GET', 'POST'],
      handle: (parameters) => {
        if (!parameters.has('match[]'))
          throw new ApiError('bad_data', 'no match[] parameter provided');
        return list(parameters, findSeries(store, parameters).sort(compareLabelSets), formatLabels);
      },
    },
    {
      path: 'labels',
      methods: ['GET', 'POST'],
      handle: (parameters) => {
        const names = new Set<string>();
        for (const labels of findSeries(store, parameters))
          for (const { name } of labels) names.add(name);
        return list(parameters, [...names].sort(compareUtf8), JSON.stringify);
      },
    },
    {
      path: 'label/*',
      methods: ['GET'],
      handle: (parameters, { path }) => {
        const name = readLabelName(path);
        const values = new Set<string>();
        for (const labels of findSeries(store, parameters)) values.add(labelValue(labels, name));
        values.delete('');
        return list(parameters, [...values].sort(compareUtf8), JSON.stringify);
      },
    },
    { path: 'metadata', methods: ['GET'], handle: (parameters) => listMetadata(store, parameters) },
  ];
}

function listMetadata(store: Store, parameters: URLSearchParams): Data {
  const wanted = parameters.get('metric') ?? '';
  const limit = parseMetadataLimit(parameters, 'limit');
  // A metric has one entry here, so this limit is checked and changes nothing.
  parseMetadataLimit(parameters, 'limit_per_metric');
  const entries = store
    .listMetadata()
    .filter(({ name }) => wanted === '' || name === wanted)
    .sort((a, b) => compareUtf8(a.name, b.name))
    .slice(0, limit);
  const fields = entries.map(
    ({ name, type, help, unit }) =>
      `${JSON.stringify(name)}:${JSON.stringify([{ type, help, unit }])}`,
  );
  return { json: `{${fields.join(',')}}` };
}

/** A limit of the metadata call; Infinity for values below 1, as in Prometheus. */
function parseMetadataLimit(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name);
  if (text === null || text === '') return Infinity;
  if (!/^[-+]?\d+$/.test(text)) throw new ApiError('bad_data', `${name} must be a number`);
  return Number(text) < 1 ? Infinity : Number(text);
}

/** The series of the match[] selectors (all without any) from start to end, both included. */
function findSeries(store: Store, parameters: URLSearchParams): LabelSet[] {
  const fromMs = parseTime(parameters, 'start', -Infinity);
  const toMs = parseTime(parameters, 'end', Infinity);
  return store.selectLabelSets(parseSelectors(parameters), fromMs - 1, toMs);
}

function list<Item>(
  parameters: URLSearchParams,
  items: readonly Item[],
  json: (item: Item) => string,
): Data {
  const limit = parseLimit(parameters);
  const text = `[${items
    .slice(0, limit)
    .map((item) => json(item))
    .join(',')}]`;
  return items.length > limit
    ? { json: text, warnings: ['results truncated due to limit'] }
    : { json: text };
}

/** The name in `…/label/<name>/values`; names with other characters may be escaped as `U__…`. */
function readLabelName(path: string): string {
  const segment = /\/label\/([^/]+)\/values$/.exec(path)?.[1];
  if (segment === undefined)
    throw new ApiError('not_found', 'below label/ only label/<name>/values is served');
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    throw new ApiError('bad_data', `invalid label name: ${JSON.stringify(segment)}`);
  }
  return unescapeName(name);
}

/**
 * Unescapes a name: `__` is an underscore and `_hex_` a code point. A name that is not escaped
 * correctly is returned unchanged.
 * Source: https://github.com/prometheus/proposals/blob/main/proposals/2023-08-21-utf8.md
 */
function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  const escaped = name.slice(3);
  if (!/^(?:__|_[0-9a-fA-F]{1,6}_|[a-zA-Z0-9:])*$/.test(escaped)) return name;
  let isValid = true;
  const plain = escaped.replaceAll(/__|_([0-9a-fA-F]{1,6})_/g, (_whole, hex?: string) => {
    if (hex === undefined) return '_';
    const code = parseInt(hex, 16);
    isValid &&= code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return isValid ? String.fromCodePoint(code) : '';
  });
  return isValid ? plain : name;
}
