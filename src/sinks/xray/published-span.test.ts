/** The published example of a trace, as it came and as a segment: what X-Ray gets of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { encodeJsonRequest } from '../../wire/otlp/json.ts';
import { readRequestBytes, SAMPLED } from '../../wire/otlp/trace-document.ts';
import { formatRequestJson } from '../../wire/otlp/request-json.ts';
import { placeSpans } from './spans.ts';

const skip = skipWithoutConformance;
const INDEXING = { all: false, attributes: [] };

const readExample = (): Buffer => readFileSync(conformancePath('otlp', 'trace.json'));
const makeDocument = (example: Buffer): Buffer =>
  Buffer.from(SAMPLED + Buffer.from(encodeJsonRequest('traces', example)).toString('base64'));

for (const form of ['documents', 'otlp'] as const)
  test(`in the form ${form} it goes byte for byte`, { skip }, () => {
    const example = readExample();
    const document = makeDocument(example);
    assert.equal(placeSpans({ form, indexing: INDEXING }, [])(document), undefined);
    const sent = JSON.parse(formatRequestJson('traces', readRequestBytes(document)).toString()) as {
      resourceSpans: { scopeSpans: { scope: object; spans: Record<string, unknown>[] }[] }[];
    };
    const [scope] = sent.resourceSpans[0]?.scopeSpans ?? [];
    const given = (JSON.parse(example.toString()) as typeof sent).resourceSpans[0]?.scopeSpans[0];
    assert.deepEqual(scope?.scope, given?.scope);
    assert.equal(scope?.spans[0]?.['name'], "I'm a server span");
    assert.equal(
      String(scope.spans[0]['traceId']).toLowerCase(),
      '5b8efff798038103d269b633813fc60c',
    );
  });

test('as a segment it is one of the service, below the span that called it', { skip }, () => {
  const placed = placeSpans({ form: 'segments', indexing: INDEXING }, [])(
    makeDocument(readExample()),
  );
  assert.equal(placed?.invalid, 0);
  assert.deepEqual(placed.documents.map((one) => JSON.parse(one.toString()) as object), [
    {
      id: 'eee19b7ec3c1b174',
      trace_id: '1-5b8efff7-98038103d269b633813fc60c',
      parent_id: 'eee19b7ec3c1b173',
      name: 'my.service',
      start_time: 1_544_712_660,
      end_time: 1_544_712_661,
      metadata: {
        default: { 'otel.resource.service.name': 'my.service', 'my.span.attr': 'some value' },
      },
    },
  ]);
}); // prettier-ignore
