/**
 * Checks the components that are defined and that nothing uses. The Collector decodes and validates
 * them too, so that a misspelt key is not found on the day when a pipeline begins to use it. What
 * is refused or has no effect is not told: the component does nothing in any case.
 * Source: core's otelcol/internal/configunmarshaler/configs.go, confmap/xconfmap/config.go
 */
import type { Reporter } from '../../settings/finding.ts';
import { parseValue } from '../reading.ts';
import type { Credentials } from './authenticators.ts';
import type { CollectorContext } from './component.ts';
import { typeOf } from './components.ts';
import type { CollectorInput, OtelComponent } from './document.ts';
import { planExporter } from './exporter-kinds.ts';
import { findExtension } from './extensions/extensions.ts';
import { findKind } from './kinds.ts';
import { readAuthenticator, type Used } from './pipelines.ts';
import { findProcessor } from './processors/processors.ts';
import { resolveReceiver } from './receivers.ts';
import type { Section } from './sections.ts';

export async function checkUnused(
  input: CollectorInput,
  { unused }: Pick<Used, 'unused'>,
  given: CollectorContext,
): Promise<void> {
  const context = { ...given, report: onlyErrors(given.report) };
  for (const { section, name } of unused) {
    const written = input[section]?.[name] ?? {};
    // Extensions that run were resolved, whoever uses them.
    const isRunning = section === 'extensions' && input.service.extensions?.includes(name) === true;
    if (findKind(section, name) === undefined || isRunning) continue;
    if (section === 'receivers') await resolveReceiver(name, written, context);
    else if (section === 'exporters') checkExporter(name, written, context);
    else checkComponent(section, name, written, context);
  }
}

/** The authenticator that it names is looked for where an exporter starts, not before. */
function checkExporter(name: string, written: OtelComponent, context: CollectorContext): void {
  const authenticators = new Map<string, Credentials>();
  const authenticator = readAuthenticator(written);
  if (typeof authenticator === 'string') authenticators.set(authenticator, NO_CREDENTIALS);
  planExporter(name, written, { ...context, authenticators, isDefined: () => true });
}

function checkComponent(
  section: Section,
  name: string,
  written: OtelComponent,
  context: CollectorContext,
): void {
  const at = [section, name];
  const { report, reading } = context;
  const { allowsPartial } = reading;
  const schema = findKind(section, name)?.schema;
  const parsed = schema && parseValue(schema, written, { allowsPartial, report, at });
  if (parsed === undefined) return;
  const own = { ...context, name, at };
  if (section === 'processors') findProcessor(typeOf(name))?.resolve(parsed.data, own);
  if (section === 'extensions')
    findExtension(typeOf(name))?.resolve(parsed.data, {
      ...own,
      authenticate: () => NO_CREDENTIALS,
    });
}

const NO_CREDENTIALS: Credentials = { input: {}, at: [] };

function onlyErrors(report: Reporter): Reporter {
  return {
    error: (path, code, message) => report.error(path, code, message),
    warn: () => undefined,
    lacks: () => undefined,
    positionOf: (path) => report.positionOf(path),
  };
}
