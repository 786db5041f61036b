/**
 * Exemplars in remote write messages: one observation behind a sample, with labels of its own.
 *
 *     1.0   TimeSeries 3 { 1 Label …             2 double value  3 int64 ms }
 *     2.0   TimeSeries 4 { 1 label refs, packed  2 double value  3 int64 ms }
 *
 * Source: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto,
 * prompb/io/prometheus/write/v2/types.proto
 */
import { binary, double, int, type Scalar, string, uint } from '../protobuf/scalars.ts';
import { defineMessage, field, type Message, packed, repeated } from '../protobuf/schema.ts';

interface ExemplarOf<Text> {
  readonly labels: readonly { readonly name: Text; readonly value: Text }[];
  readonly value: number;
  readonly tMs: number;
}

function defineExemplar<Text>(text: Scalar<Text>): Message<ExemplarOf<Text>> {
  const label = defineMessage('Label', { name: field(1, text), value: field(2, text) });
  const labels = repeated(1, label);
  return defineMessage('Exemplar', { labels, value: field(2, double), tMs: field(3, int) });
}

export const EXEMPLAR = defineExemplar(string);
/** The same, with texts as bytes, as they are in the symbols of a Request. */
export const EXEMPLAR_IN_BYTES = defineExemplar(binary);

export const EXEMPLAR_2 = defineMessage('Exemplar', {
  refs: packed(1, uint),
  value: field(2, double),
  tMs: field(3, int),
});
