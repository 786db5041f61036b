/** Changes of the resource of spans: detected attributes, and actions on attributes. Pure. */
import { formatIdentity } from '../../model/transform.ts';
import type { KeyValue } from '../../wire/otlp/attribute-tables.ts';
import type { SpanTransform } from '../../wire/otlp/span-transform.ts';
import type { OtlpResourceSpans } from '../../wire/otlp/trace-request.ts';

/**
 * Adds what was detected.
 *
 * @param override  whether it replaces attributes that a resource has already
 */
export function detectedInSpans(
  name: string,
  detected: ReadonlyMap<string, string>,
  override: boolean,
): SpanTransform {
  const added = [...detected].map(
    ([key, value]): KeyValue => ({ key, value: { value: { is: 'text', value } } }),
  );
  return {
    name,
    identity: formatIdentity('detected_in_spans', { added: JSON.stringify([...detected]), override }),
    change: (spans) =>
      added.length === 0
        ? spans
        : changeResource(spans, (attributes) => {
            const present = new Set(attributes.map(({ key }) => key));
            if (!override) return [...attributes, ...added.filter(({ key }) => !present.has(key))];
            return [...attributes.filter(({ key }) => !detected.has(key)), ...added];
          }),
  };
} // prettier-ignore

/** The spans with other attributes of their resource; the same spans where those stay the same. */
export function changeResource(
  spans: OtlpResourceSpans,
  change: (attributes: readonly KeyValue[]) => readonly KeyValue[],
): OtlpResourceSpans {
  const resource = spans.resource ?? { attributes: [], droppedAttributesCount: 0, entityRefs: [] };
  const attributes = change(resource.attributes);
  if (attributes === resource.attributes) return spans;
  return { ...spans, resource: { ...resource, attributes } };
}
