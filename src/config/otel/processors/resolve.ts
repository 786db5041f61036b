/**
 * Resolves the processors that pipelines use. A processor that several pipelines use is resolved
 * once; each of them applies it to its own samples.
 */
import { detectedResource } from '../../../transforms/detected-resource/transform.ts';
import { parseValue } from '../../reading.ts';
import type { TransformPlan } from '../../plan.ts';
import type { CollectorContext } from '../component.ts';
import { typeOf } from '../components.ts';
import type { CollectorInput } from '../document.ts';
import type { Pipeline } from '../pipelines.ts';
import { findProcessor } from './processors.ts';

/** The transform of a detection that knows nothing yet. */
const NOTHING = detectedResource(new Map(), false);

/** By name of the processor, what it does, in order. */
export type Processors = ReadonlyMap<string, readonly TransformPlan[]>;

export function resolveProcessors(
  input: CollectorInput,
  pipelines: readonly Pipeline[],
  { baseDirectory, reading, report }: CollectorContext,
): Processors {
  const processors = new Map<string, readonly TransformPlan[]>();
  for (const name of new Set(pipelines.flatMap((one) => one.processors))) {
    const kind = findProcessor(typeOf(name));
    if (kind === undefined) continue;
    const at = ['processors', name];
    const { allowsPartial } = reading;
    const written = input.processors?.[name] ?? {};
    const parsed = parseValue(kind.schema, written, { allowsPartial, report, at });
    if (parsed === undefined) continue;
    const context = { name, at, baseDirectory, reading, report };
    const transforms = kind.resolve(parsed.data, context) ?? [];
    processors.set(
      name,
      transforms.map((transform, index): TransformPlan => {
        const id = `processor:${name}:${index}`;
        return 'detection' in transform
          ? { id, transform: NOTHING, ...transform }
          : { id, transform };
      }),
    );
  }
  return processors;
}
