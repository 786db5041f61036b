/**
 * Converts a configuration to the other dialect, keeping its references to the environment.
 */
import { runAtOnce } from '../../kernel/giving-way.ts';
import type { ConfigDocument } from '../document.ts';
import { isCollectorConfig } from '../otel/sections.ts';
import type { DocumentReading } from '../reading.ts';
import type { Conversion } from './notes.ts';
import { convertToCollector } from './to-collector.ts';
import { convertToPrometheus } from './to-prometheus.ts';

/** @param document  of a configuration that was checked and has no error */
export function convertDocument(document: ConfigDocument, reading: DocumentReading): Conversion {
  const whole = runAtOnce(document.convertWithNulls());
  return isCollectorConfig(whole)
    ? convertToPrometheus(whole, reading)
    : convertToCollector(document.value ?? {});
}
