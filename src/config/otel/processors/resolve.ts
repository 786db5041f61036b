/**
 * Resolves the processors that pipelines use. A processor that several pipelines use is resolved
 * once; each of them applies it to its own samples. Of pipelines of traces, it is told what becomes
 * of each.
 */
import type { Signal } from '../../../sinks/sink.ts';
import { detectedResource } from '../../../transforms/detected-resource/transform.ts';
import { parseValue } from '../../reading.ts';
import { detectedInSpans } from '../../../transforms/spans/resource.ts';
import type { SpanTransformPlan, TransformPlan } from '../../plan.ts';
import type { CollectorContext, ComponentContext } from '../component.ts';
import { typeOf } from '../components.ts';
import type { CollectorInput } from '../document.ts';
import type { Pipeline } from '../pipelines.ts';
import type { InTraces } from './processor.ts';
import { findProcessor } from './processors.ts';

/** The transform of a detection that knows nothing yet. */
const NOTHING = detectedResource(new Map(), false);

const NOTHING_IN_SPANS = detectedInSpans('', new Map(), false);

/** By name of the processor, what it does, in order: to series, and to spans. */
export interface Processors {
  readonly ofMetrics: ReadonlyMap<string, readonly TransformPlan[]>;
  readonly ofTraces: ReadonlyMap<string, readonly SpanTransformPlan[]>;
}

export function resolveProcessors(
  input: CollectorInput,
  pipelines: readonly Pipeline[],
  { baseDirectory, reading, report }: CollectorContext,
): Processors {
  const ofMetrics = new Map<string, readonly TransformPlan[]>();
  const ofTraces = new Map<string, readonly SpanTransformPlan[]>();
  const namesOf = (signal: Signal): ReadonlySet<string> =>
    new Set(pipelines.filter((one) => one.signal === signal).flatMap((one) => one.processors));
  const [inMetrics, inTraces] = [namesOf('metrics'), namesOf('traces')];
  for (const name of new Set([...inMetrics, ...inTraces])) {
    const kind = findProcessor(typeOf(name));
    if (kind === undefined) continue;
    const at = ['processors', name];
    const { allowsPartial } = reading;
    const written = input.processors?.[name] ?? {};
    const parsed = parseValue(kind.schema, written, { allowsPartial, report, at });
    if (parsed === undefined) continue;
    const context = { name, at, baseDirectory, reading, report };
    if (inTraces.has(name) && kind.inTraces !== undefined)
      reportInTraces(kind.inTraces(parsed.data), context);
    if (inTraces.has(name) && kind.resolveSpans !== undefined) {
      const found = kind.resolveSpans(parsed.data, context) ?? [];
      ofTraces.set(
        name,
        found.map((transform, index): SpanTransformPlan => {
          const id = idOf(name, index);
          return 'detection' in transform
            ? { id, transform: NOTHING_IN_SPANS, ...transform }
            : { id, transform };
        }),
      );
    }
    const isForSpans = kind.inTraces !== undefined || kind.resolveSpans !== undefined;
    if (!inMetrics.has(name) && isForSpans) continue;
    const transforms = kind.resolve(parsed.data, context) ?? [];
    ofMetrics.set(
      name,
      transforms.map((transform, index): TransformPlan => {
        const id = idOf(name, index);
        return 'detection' in transform
          ? { id, transform: NOTHING, ...transform }
          : { id, transform };
      }),
    );
  }
  return { ofMetrics, ofTraces };
}

/** The same for both signals, so that what both detect is detected once. */
const idOf = (name: string, index: number): string => `processor:${name}:${index}`;

function reportInTraces(fate: InTraces, { name, at, report }: ComponentContext): void {
  const what = `processor "${name}"`;
  if ('idle' in fate)
    report.warn(at, `${what} has no effect in a pipeline of traces: ${fate.idle}`, 'key');
  else {
    const { key, refused } = fate;
    const said = key === undefined ? what : `"${key}" of ${what}`;
    report.lacks(
      key === undefined ? at : [...at, key],
      `${said} is refused in a pipeline of traces: ${refused}`,
    );
  }
}
