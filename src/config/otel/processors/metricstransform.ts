/**
 * The processor `metricstransform`: names, labels and values of metrics; copies and sums of them.
 * Source: contrib's processor/metricstransformprocessor/factory.go
 */
import { resolveEntry } from './metrics-transform-entry.ts';
import { metricsTransformSchema } from './metrics-transform-schema.ts';
import { defineProcessor } from './processor.ts';

export const metricsTransformKind = defineProcessor({
  names: ['metricstransform', 'metrics_transform'],
  schema: metricsTransformSchema,
  resolve: ({ transforms = [] }, { at, report }) => {
    const all = transforms.map((entry, index) =>
      resolveEntry(entry, [...at, 'transforms', index], report),
    );
    return all.every((one) => one !== undefined) ? all : undefined;
  },
});
