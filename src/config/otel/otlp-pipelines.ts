/**
 * Checks pipelines that lead to exporters of OTLP: each needs an endpoint for the signal, and
 * segments of X-Ray's JSON, as a receiver awsxray takes them, cannot become spans.
 */
import type { Reporter } from '../../settings/finding.ts';
import type { Signal } from '../../sinks/sink.ts';
import { typeOf } from './components.ts';
import type { CollectorInput } from './document.ts';
import type { Pipeline } from './pipelines.ts';

const OF_SEGMENTS = new Set(['awsxray', 'aws_xray']);

/** @param signalsOf  what the sink of an exporter takes; undefined for one that is none of OTLP */
export function checkOtlpPipelines(
  pipelines: readonly Pipeline[],
  signalsOf: (exporter: string) => readonly Signal[] | undefined,
  { input, report }: { readonly input: CollectorInput; readonly report: Reporter },
): void {
  for (const { name, signal, receivers, exporters } of pipelines)
    for (const exporter of exporters) {
      const signals = signalsOf(exporter);
      if (signals === undefined) continue;
      const written = input.service.pipelines?.[name]?.exporters ?? [];
      const at = ['service', 'pipelines', name, 'exporters', written.indexOf(exporter)];
      // Without any endpoint, the exporter itself has been told of.
      if (signals.length > 0 && !signals.includes(signal))
        report.error(
          at,
          'CONFIG_VALUE',
          `exporter "${exporter}" has no endpoint of ${signal}; give it an "endpoint" or a ` +
            `"${signal}_endpoint"`,
        );
      const segments = receivers.find((one) => OF_SEGMENTS.has(typeOf(one)));
      if (signal === 'traces' && segments !== undefined)
        report.lacks(
          at,
          `segments of receiver "${segments}" become no spans for exporter "${exporter}"; send ` +
            'them by an exporter awsxray, or let the application send OTLP to a receiver otlp',
        );
    }
}
