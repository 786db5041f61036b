/**
 * Checks that no pipeline leads increases into remote write, which has no notion of them. The
 * Collector's exporter drops such samples and says so in its debug log alone; here the processor
 * that makes them is refused where such an exporter follows. A receiver that counts by itself gives
 * totals where all exporters behind it want them; where only some do, it gives increases.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go (isValidAggregationTemporality)
 */
import type { Reporter } from '../../settings/finding.ts';
import { typeOf } from './components.ts';
import type { CollectorInput } from './document.ts';
import type { Pipeline } from './pipelines.ts';
import { isStatsdReceiver } from './statsd-receivers.ts';

const MAKE_DELTA = new Set(['cumulativetodelta', 'cumulative_to_delta']);
const MAKE_CUMULATIVE = new Set(['deltatocumulative', 'delta_to_cumulative']);

/** @param writers  names of exporters that write to remote write */
export function checkTemporality(
  pipelines: readonly Pipeline[],
  writers: ReadonlySet<string>,
  { input, report }: { readonly input: CollectorInput; readonly report: Reporter },
): void {
  checkIncreases(pipelines, writers, report);
  for (const { name, processors, exporters } of pipelines) {
    const exporter = exporters.find((one) => writers.has(one));
    const last = processors.findLast((one) =>
      [MAKE_DELTA, MAKE_CUMULATIVE].some((types) => types.has(typeOf(one))),
    );
    if (exporter === undefined || last === undefined || !MAKE_DELTA.has(typeOf(last))) continue;
    const index = (input.service.pipelines?.[name]?.processors ?? []).indexOf(last);
    report.lacks(
      ['service', 'pipelines', name, 'processors', index],
      `processor "${last}" makes increases of totals, which remote write does not take ` +
        `(exporter "${exporter}"): remove it from this pipeline, or let deltatocumulative follow`,
    );
  }
}

/** Whether all exporters behind a receiver of metrics want totals. */
export function wantsTotals(
  receiver: string,
  pipelines: readonly Pipeline[],
  writers: ReadonlySet<string>,
): boolean {
  const own = pipelines.filter(({ receivers }) => receivers.includes(receiver));
  return own.every(({ exporters }) => exporters.every((one) => writers.has(one)));
}

/** Refuses what leads the increases of StatsD to an exporter that wants totals. */
function checkIncreases(
  pipelines: readonly Pipeline[],
  writers: ReadonlySet<string>,
  report: Reporter,
): void {
  for (const { name, receivers, processors, exporters } of pipelines) {
    const receiver = receivers.find(
      (one) => isStatsdReceiver(one) && !wantsTotals(one, pipelines, writers),
    );
    const exporter = exporters.find((one) => writers.has(one));
    const hasTotals = processors.some((one) => MAKE_CUMULATIVE.has(typeOf(one)));
    if (receiver === undefined || exporter === undefined || hasTotals) continue;
    report.lacks(
      ['service', 'pipelines', name, 'receivers'],
      `"${receiver}" gives increases, since one of its exporters takes them, and remote write ` +
        `(exporter "${exporter}") takes totals: write a processor deltatocumulative into this ` +
        'pipeline, or give each exporter a receiver of its own',
    );
  }
}
