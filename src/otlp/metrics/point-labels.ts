/**
 * The labels of a point's series, under the names that OpenTelemetry has. Pure.
 *
 *     scope, attributes ─► base ─► base + __name__ (+ le | quantile)
 *
 * The attribute `__name__` is left out, as Prometheus does it. An attribute that is given twice has
 * both values, joined by ";", and a scope's labels win over attributes of their names.
 * Source: Prometheus' storage/remote/otlptranslator/prometheusremotewrite/helper.go
 */
import {
  compareUtf8,
  type Label,
  type LabelSet,
  makeLabelSet,
  METRIC_NAME,
} from '../../model/labels.ts';
import { readAttribute } from '../../wire/otlp/any-value.ts';
import { ProtoReader } from '../../wire/protobuf/reader.ts';

/** Attributes that are fields of a message, in the range; undefined where a name is empty. */
export function readPointAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
): Map<string, string> | undefined {
  const attributes = new Map<string, string>();
  const reader = new ProtoReader(bytes);
  reader.at = start;
  reader.end = end;
  while (reader.more()) {
    reader.tag();
    const outer = reader.enter();
    const [name, value] = readAttribute(reader);
    reader.leave(outer);
    if (name === '') return undefined;
    if (name === METRIC_NAME) continue;
    addAttribute(attributes, name, value);
  }
  return attributes;
}

export function addAttribute(attributes: Map<string, string>, name: string, value: string): void {
  const other = attributes.get(name) ?? '';
  const isSame = other === '' || other === value;
  attributes.set(name, isSame ? value : value === '' ? other : `${other};${value}`);
}

/** The labels that all series of a point have. */
export function makeBase(
  attributes: Map<string, string>,
  scope: ReadonlyMap<string, string>,
): LabelSet {
  for (const [name, value] of scope) attributes.set(name, value);
  return makeLabelSet(attributes);
}

/** The base with the name of a series, and with `le` or `quantile`, which replace attributes. */
export function makeSeriesLabels(base: LabelSet, name: string, bound?: Label): LabelSet {
  const labels: Label[] = [];
  const own: Label[] = [{ name: METRIC_NAME, value: name }];
  if (bound !== undefined) own.push(bound);
  let next = 0;
  for (const label of base) {
    while (next < own.length && compareUtf8((own[next] as Label).name, label.name) < 0)
      labels.push(own[next++] as Label);
    if (label.name !== bound?.name) labels.push(label);
  }
  while (next < own.length) labels.push(own[next++] as Label);
  return labels;
}

/** A bound as Prometheus' receiver of OTLP writes it: never with an exponent. */
export function formatBound(bound: number): string {
  if (bound === Infinity) return '+Inf';
  if (bound === -Infinity) return '-Inf';
  const text = Object.is(bound, -0) ? '-0' : String(bound);
  const [, sign = '', whole = '', fraction = '', exponent = ''] =
    /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === '') return text;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}
