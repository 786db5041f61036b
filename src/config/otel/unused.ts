/**
 * Checks the components that are defined and that nothing uses. The Collector decodes and validates
 * them too, so that a misspelt key is not found on the day when a pipeline begins to use it. What
 * is refused or has no effect is not told: the component does nothing in any case.
 * Source: core's otelcol/internal/configunmarshaler/configs.go, confmap/xconfmap/config.go
 */
import type { Reporter } from '../../settings/finding.ts';
import { parseValue } from '../reading.ts';
import type { CollectorContext } from './component.ts';
import type { CollectorInput } from './document.ts';
import { findKind } from './kinds.ts';
import type { Used } from './pipelines.ts';
import { findProcessor } from './processors/processors.ts';
import { typeOf } from './components.ts';
import { receiverSchema, resolveReceiver } from './receivers.ts';

export async function checkUnused(
  input: CollectorInput,
  { unused }: Pick<Used, 'unused'>,
  given: CollectorContext,
): Promise<void> {
  const context = { ...given, report: onlyErrors(given.report) };
  const { report, reading } = context;
  const { allowsPartial } = reading;
  for (const { section, name } of unused) {
    const kind = findKind(section, name);
    const written = input[section]?.[name] ?? {};
    // Extensions that run were resolved, whoever uses them.
    const isRunning = section === 'extensions' && input.service.extensions?.includes(name) === true;
    if (kind === undefined || isRunning) continue;
    if (kind.schema === receiverSchema) {
      await resolveReceiver(name, written, context);
      continue;
    }
    const at = [section, name];
    const parsed = parseValue(kind.schema, written, { allowsPartial, report, at });
    if (parsed === undefined || section !== 'processors') continue;
    findProcessor(typeOf(name))?.resolve(parsed.data, { ...context, name, at });
  }
}

function onlyErrors(report: Reporter): Reporter {
  return {
    error: (path, code, message) => report.error(path, code, message),
    warn: () => undefined,
    lacks: () => undefined,
    positionOf: (path) => report.positionOf(path),
  };
}
