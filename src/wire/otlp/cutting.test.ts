import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import { countRequestItems, cutRequest, filterRequest, halveRequest } from './cutting.ts';
import { TRACE_REQUEST } from './trace-request.ts';

/** A request with spans that are called by their numbers, by resource and scope. */
function requestOf(counts: readonly (readonly number[])[]): Uint8Array {
  let number = 0;
  return encodeMessage(TRACE_REQUEST, {
    ...TRACE_REQUEST.initial,
    resourceSpans: counts.map((scopes, index) => ({
      resource: {
        attributes: [{ key: 'service.name', value: { value: { is: 'text', value: `s${index}` } } }],
      },
      scopeSpans: scopes.map((count) => ({
        spans: Array.from({ length: count }, () => ({ name: `span ${number++}` })),
      })),
    })),
  } as never);
}

function spansIn(bytes: Uint8Array): string[] {
  return decodeMessage(TRACE_REQUEST, bytes).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const [name] = resource?.attributes ?? [];
    const service = name?.value?.value?.value as string;
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => `${service} ${span.name}`));
  });
}

const shape = fc.array(fc.array(fc.nat(5), { maxLength: 3 }), { maxLength: 4 });

test('parts have the spans of the whole, in order, each with its resource, within the limit', () => {
  fc.assert(
    fc.property(shape, fc.integer({ min: 1, max: 7 }), (counts, maxItems) => {
      const whole = requestOf(counts);
      const parts = cutRequest('traces', whole, { maxItems, maxBytes: Infinity });
      assert.deepEqual(
        parts.flatMap(({ bytes }) => spansIn(bytes)),
        spansIn(whole),
      );
      for (const { bytes, items } of parts) {
        assert.equal(countRequestItems('traces', bytes), items);
        assert.ok(items >= 1 && items <= maxItems);
      }
    }),
  );
});

test('parts are cut until their bytes fit, and requests joined are one with the spans of all', () => {
  const whole = requestOf([[40], [3, 4]]);
  const parts = cutRequest('traces', whole, { maxItems: 1_000, maxBytes: 100 });
  assert.ok(parts.length > 5);
  assert.ok(parts.every(({ bytes, items }) => bytes.length <= 100 || items === 1));
  const joined = Buffer.concat(parts.map(({ bytes }) => bytes));
  assert.deepEqual(spansIn(joined), spansIn(whole));
});

test('one item is not halved, and what is no request is refused', () => {
  assert.equal(halveRequest('traces', requestOf([[1]])), undefined);
  assert.deepEqual(cutRequest('traces', requestOf([[0]]), { maxItems: 1, maxBytes: 1 }), []);
  assert.throws(() => countRequestItems('traces', Buffer.from([0x0a, 0x7f])), /malformed/);
});

test('a request of some items has these, in order, each with its resource', () => {
  fc.assert(
    fc.property(shape, fc.infiniteStream(fc.boolean()), (counts, choice) => {
      const whole = requestOf(counts);
      const kept = spansIn(whole).map(() => choice.next().value);
      const some = filterRequest('traces', whole, (index) => kept[index] === true);
      assert.deepEqual(
        spansIn(some),
        spansIn(whole).filter((_, index) => kept[index] === true),
      );
    }),
  );
});
