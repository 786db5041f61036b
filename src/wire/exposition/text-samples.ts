/**
 * A text exposition as samples that are objects, in the order of the body: for what looks at
 * several samples together. Slower than the cursor of reader.ts, which reads the body. Pure.
 */
import type { SeriesType } from '../../model/sample.ts';
import type { ProtobufSample } from './protobuf/sample.ts';
import { type ExpositionFormat, ExpositionReader } from './reader.ts';

/** Bytes without a sample between two pauses. */
const PAUSE_BYTES = 64 * 1024;

/** Reads samples; yields 'pause' in stretches without any. @throws ExpositionError */
export function* readTextInSteps(
  body: Uint8Array,
  format: ExpositionFormat,
): Generator<ProtobufSample | 'pause'> {
  const reader = new ExpositionReader();
  reader.open(body, format);
  let family = newFamily('');
  for (;;) {
    const entry = reader.nextBefore(reader.pos + PAUSE_BYTES);
    if (entry === 'end') return;
    if (entry === 'pause') yield entry;
    else if (entry === 'sample') yield readSample(reader, family);
    else {
      if (reader.metricName !== family.name) family = newFamily(reader.metricName);
      if (entry === 'type') family.type = reader.type;
      else family[entry] = reader.text;
    }
  }
}

function newFamily(name: string) {
  return { name, type: 'unknown' as SeriesType, help: '', unit: '' };
}

function readSample(
  reader: ExpositionReader,
  { name, help, unit }: ReturnType<typeof newFamily>,
): ProtobufSample {
  const labels = reader.labels();
  const own = labels[0]?.[1] ?? '';
  const isOfFamily = name !== '' && (own === name || own.startsWith(`${name}_`));
  return {
    family: isOfFamily ? name : '',
    type: reader.type,
    help: isOfFamily ? help : '',
    unit: isOfFamily ? unit : '',
    labels,
    value: reader.value,
    tMs: reader.hasTime ? reader.tMs : undefined,
    createdMs: undefined,
    exemplars: reader.hasExemplar ? [reader.exemplar()] : [],
  };
}
