/**
 * Spans on their way into the queue: as segments where they are to be, else as they came, with what
 * X-Ray is told by attributes of their resource: which attributes to index, and log groups.
 */
import {
  isSampledSpans,
  readTraceDocument,
  writeTraceDocument,
} from '../../wire/otlp/trace-document.ts';
import type { KeyValue } from '../../wire/otlp/attribute-tables.ts';
import type { OtlpResourceSpans } from '../../wire/otlp/trace-request.ts';
import { convertSpans } from '../../wire/segments/convert.ts';
import type { SpanSettings } from './config.ts';

/** What goes into the queue in place of a document. */
export interface Placed {
  readonly documents: readonly Buffer[];
  /** Spans that have no place in them, since their ids are not valid. */
  readonly invalid: number;
}

/** Undefined for a document that goes in as it is. */
export type PlaceSpans = (document: Buffer) => Placed | undefined;

const INDEX_ALL = 'aws.xray.exporter.config.index_all_attributes';
const INDEXED = 'aws.xray.exporter.config.indexed_attributes';
const LOG_GROUPS = 'aws.log.group.names';
const LOG_GROUP_ARNS = 'aws.log.group.arns';

/** Spans that are not sampled always pass: X-Ray takes figures of them, and keeps none. */
export function placeSpans(
  { form, indexing }: SpanSettings,
  logGroups: readonly string[],
): PlaceSpans {
  const isIndexing = indexing.all || indexing.attributes.length > 0;
  if (form !== 'segments' && !isIndexing && logGroups.length === 0) return () => undefined;
  const added: readonly KeyValue[] = isIndexing
    ? [
        { key: INDEX_ALL, value: { value: { is: 'boolean', value: indexing.all } } },
        { key: INDEXED, value: makeList(indexing.attributes) },
      ]
    : [];
  return (document) => {
    const request = isSampledSpans(document) ? readTraceDocument(document) : undefined;
    if (request === undefined) return undefined;
    if (form === 'segments') return convertSpans(request, { indexing, logGroups });
    const resourceSpans = request.resourceSpans.map((one) => addAttributes(one, added, logGroups));
    return { documents: [writeTraceDocument({ ...request, resourceSpans })], invalid: 0 };
  };
}

function addAttributes(
  spans: OtlpResourceSpans,
  added: readonly KeyValue[],
  logGroups: readonly string[],
): OtlpResourceSpans {
  const { attributes = [] } = spans.resource ?? {};
  const names = new Set(added.map(({ key }) => key));
  const isNamed = attributes.some(({ key }) => key === LOG_GROUPS || key === LOG_GROUP_ARNS);
  const groups: readonly KeyValue[] =
    logGroups.length === 0 || isNamed ? [] : [{ key: LOG_GROUPS, value: makeList(logGroups) }];
  const kept = attributes.filter(({ key }) => !names.has(key));
  const resource = { droppedAttributesCount: 0, entityRefs: [], ...spans.resource };
  return { ...spans, resource: { ...resource, attributes: [...kept, ...added, ...groups] } };
}

function makeList(texts: readonly string[]): KeyValue['value'] {
  const values = texts.map((value) => ({ value: { is: 'text', value } }) as const);
  return { value: { is: 'list', value: { values } } };
}
