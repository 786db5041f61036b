/**
 * The table of exporters that become a sink of a kind of its own, and how all exporters are
 * resolved. Not here: how remote write exporters are (exporters.ts).
 */
import type * as z from 'zod';
import type { DirectSinkKind, SinkKind } from '../../sinks/sink.ts';
import { remoteWriteKind } from '../../sinks/remote-write/kind.ts';
import { parseValue } from '../reading.ts';
import { type AuthenticatorContext, resolveAuthenticator } from './authenticators.ts';
import type { CollectorContext } from './component.ts';
import { typeOf } from './components.ts';
import type { OtelComponent } from './document.ts';
import type { ExporterContext, ExporterKind, ResolvedExporter } from './exporter-kind.ts';
import { debugExporter } from './exporters-debug.ts';
import { emfExporter } from './exporters-emf.ts';
import type { ExporterTransforms } from './exporter-transforms.ts';
import { fileExporter } from './exporters-file.ts';
import { otlpGrpcExporter } from './exporters-otlp-grpc.ts';
import { otlpHttpExporter } from './exporters-otlp-http.ts';
import { xrayExporter } from './exporters-xray.ts';
import { resolveExporter } from './exporters.ts';
import type { Origin } from './exporter-origin.ts';

export const exporterKinds = [
  debugExporter,
  fileExporter,
  xrayExporter,
  emfExporter,
  otlpHttpExporter,
  otlpGrpcExporter,
] as const; // prettier-ignore

/** What becomes of an exporter: an entry of a kind of sinks. */
export interface PlannedExporter {
  readonly kind: SinkKind | DirectSinkKind;
  /** The entry, as the kind's schema gives it. */
  readonly input: unknown;
  /** Maps a path in the entry to the path in the document that it comes from. */
  readonly origin: Origin;
  /** What is done to series for a receiver of Prometheus; undefined where they stay metrics. */
  readonly transforms: ExporterTransforms | undefined;
}

/** The kind of a component by its type, under any of its names. */
export function findExporter(type: string): ExporterKind | undefined {
  return (exporterKinds as readonly ExporterKind[]).find(({ names }) => names.includes(type));
}

/** Undefined when it can't be done; the findings then say why. */
export function planExporter(
  name: string,
  written: OtelComponent,
  context: AuthenticatorContext & CollectorContext,
): PlannedExporter | undefined {
  const exporter = findExporter(typeOf(name));
  if (exporter === undefined) {
    const writer = resolveExporter(name, written, context);
    const kind = remoteWriteKind as unknown as SinkKind;
    return writer && { ...writer, kind };
  }
  const at = ['exporters', name];
  const { baseDirectory, reading, report } = context;
  const { allowsPartial } = reading;
  const parsed = parseValue(exporter.schema, written, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const own: ExporterContext = {
    name,
    at,
    baseDirectory,
    reading,
    report,
    authenticate: (authenticator, path) => resolveAuthenticator(authenticator, path, context),
  };
  const resolved: ResolvedExporter | undefined = exporter.resolve(parsed.data, own);
  if (resolved === undefined) return undefined;
  const { kind, entry, keys = {} } = resolved;
  const schema: z.ZodType = kind.schema;
  const input = parseValue(schema, { name, ...entry }, { allowsPartial: false, report, at });
  const origin: Origin = ([key, ...rest]) =>
    typeof key === 'string' ? [...at, ...(keys[key] ?? [key]), ...rest] : at;
  return input && { kind, input: input.data, origin, transforms: undefined };
}
