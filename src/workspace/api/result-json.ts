/**
 * Results of the engine → the JSON text of `data`: values are strings, times are float seconds. The
 * text is concatenated, without an object for each sample.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
 */
import type { LabelSet } from '../../model/labels.ts';
import type { QueryResult } from '../promql/engine.ts';
import type { Value } from '../promql/value.ts';

/** A label set as a JSON object, in the order of the labels. */
export function formatLabels(labels: LabelSet): string {
  const fields = labels.map(
    ({ name, value }) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  return `{${fields.join(',')}}`;
}

/** The result of an instant query, with at most `limit` series of a vector or matrix. */
export function formatInstant(result: QueryResult, atMs: number, limit = Infinity): string {
  const time = formatTime(atMs);
  switch (result.type) {
    case 'scalar':
      return `{"resultType":"scalar","result":[${time},"${formatFloat(result.values[0] ?? NaN)}"]}`;
    case 'string':
      return `{"resultType":"string","result":[${time},${JSON.stringify(result.value)}]}`;
    case 'vector': {
      const series = result.columns.slice(0, limit).map(({ labels, values }) => {
        const value = formatFloat(values[0] ?? NaN);
        return `{"metric":${formatLabels(labels)},"value":[${time},"${value}"]}`;
      });
      return `{"resultType":"vector","result":[${series.join(',')}]}`;
    }
    case 'matrix': {
      const series = result.series.slice(0, limit).map(({ labels, timestampsMs, values }) => {
        const points = Array.from(
          values,
          (value, i) => `[${formatTime(timestampsMs[i] ?? 0)},"${formatFloat(value)}"]`,
        );
        return `{"metric":${formatLabels(labels)},"values":[${points.join(',')}]}`;
      });
      return `{"resultType":"matrix","result":[${series.join(',')}]}`;
    }
  }
}

/** The result of a range query, with at most `limit` series. */
export function formatRange(
  result: Value,
  startMs: number,
  stepMs: number,
  limit = Infinity,
): string {
  const columns =
    result.type === 'vector'
      ? result.columns
      : result.type === 'scalar'
        ? [
            {
              labels: [],
              values: result.values,
              present: new Uint8Array(result.values.length).fill(1),
            },
          ]
        : [];
  const times = Array.from(columns[0]?.values ?? [], (_, i) => formatTime(startMs + i * stepMs));
  const series = columns.slice(0, limit).map(({ labels, values, present }) => {
    let points = '';
    for (let i = 0; i < values.length; i++) {
      if (present[i] !== 1) continue;
      points += `${points === '' ? '' : ','}[${times[i]},"${formatFloat(values[i] ?? NaN)}"]`;
    }
    return `{"metric":${formatLabels(labels)},"values":[${points}]}`;
  });
  return `{"resultType":"matrix","result":[${series.join(',')}]}`;
}

/** A number with as few digits as identify it, as Go's encoding/json and strconv write it. */
export function formatFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  const text = String(value);
  // Go pads exponents to two digits: 1e-07.
  return text.includes('e') ? text.replace(/e([+-])(\d)$/, 'e$10$2') : text;
}

function formatTime(ms: number): string {
  return String(ms / 1_000);
}
