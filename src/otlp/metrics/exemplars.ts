/**
 * Reads exemplars: `trace_id` and `span_id` as labels, and the attributes that the sender's view
 * took off the point where they fit beside them. Pure.
 * Source: OpenMetrics 1.0, "Exemplars" (128 characters); Prometheus'
 * storage/remote/otlptranslator/prometheusremotewrite/helper.go
 */
import { makeLabelSet } from '../../model/labels.ts';
import type { Exemplar } from '../../model/sample.ts';
import { readAttribute } from '../../wire/otlp/any-value.ts';
import { readSigned } from './fixed-numbers.ts';
import { type PointScan, readMs } from './point-scan.ts';

const CHARACTERS_MAX = 128;

/** The exemplars of a scanned point, in order. One that states no time has that of its point. */
export function readExemplars(scan: PointScan): Exemplar[] {
  const { reader, exemplars } = scan;
  const { at, end } = reader;
  const all: Exemplar[] = [];
  for (let i = 0; i < exemplars.length; i += 2) {
    reader.at = exemplars[i] as number;
    reader.end = exemplars[i + 1] as number;
    all.push(readExemplar(scan));
  }
  reader.at = at;
  reader.end = end;
  return all;
}

function readExemplar({ reader, request: { view }, tMs: pointMs }: PointScan): Exemplar {
  const ids = new Map<string, string>();
  const attributes = new Map<string, string>();
  let tMs = 0;
  let value = 0;
  while (reader.more()) {
    const tag = reader.tag();
    switch (tag) {
      case 0x11:
        tMs = readMs(view, reader.fixed64At());
        break;
      case 0x19:
        value = reader.double();
        break;
      case 0x31:
        value = readSigned(view, reader.fixed64At());
        break;
      case 0x22:
        ids.set('span_id', formatId(reader.binary()));
        break;
      case 0x2a:
        ids.set('trace_id', formatId(reader.binary()));
        break;
      case 0x3a: {
        const outer = reader.enter();
        attributes.set(...readAttribute(reader));
        reader.leave(outer);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  const fits = countCharacters(ids) + countCharacters(attributes) <= CHARACTERS_MAX;
  attributes.delete('');
  const labels = makeLabelSet(fits ? new Map([...attributes, ...ids]) : ids);
  return { labels, value, tMs: tMs === 0 ? pointMs : tMs };
}

/** As hexadecimal digits; '' where it is absent or all zeros, which means none. */
function formatId(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte === 0)) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function countCharacters(labels: ReadonlyMap<string, string>): number {
  let count = 0;
  for (const [name, value] of labels) {
    if (value === '') continue;
    for (const _ of name) count += 1;
    for (const _ of value) count += 1;
  }
  return count;
}
