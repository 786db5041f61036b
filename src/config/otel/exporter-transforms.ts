/**
 * What a remote write exporter does to series: the keys that name them, copy attributes of the
 * resource, and ask for target_info. The order is that of the Collector's exporter.
 *
 *     served target_info apart ─► copy of the resource ─► names ─► job, instance, bounds ─►
 *     the sink's own (external labels) ─► totals only ─► target_info
 *
 * target_info stands last, so that samples pass one table of refs; what the transforms before it
 * do to series, it does to its own.
 * Source: contrib's exporter/prometheusremotewriteexporter/{config,exporter}.go,
 * pkg/translator/prometheusremotewrite/metrics_to_prw.go
 */
import {
  isStreamTransform,
  type SeriesTransform,
  type StreamTransform,
  type Transform,
} from '../../model/transform.ts';
import { copiedResource } from '../../transforms/copied-resource.ts';
import { cumulativeOnly } from '../../transforms/cumulative-only.ts';
import { droppedScope } from '../../transforms/dropped-scope.ts';
import type { NameRules } from '../../transforms/prometheus-names.ts';
import { exceptServed, servedTargetInfo } from '../../transforms/served-target-info.ts';
import { targetInfo } from '../../transforms/target-info.ts';
import { translatedNames } from '../../transforms/translated-names.ts';
import type { TransformPlan } from '../plan.ts';
import type { PlannedSinks } from '../sinks.ts';
import type { ExporterInput } from './exporter-schema.ts';

export interface ExporterTransforms {
  /** Before what all exporters do. */
  readonly before: readonly SeriesTransform[];
  /** Behind everything; undefined where no target_info is wanted. */
  readonly makeTargetInfo: ((ending: readonly SeriesTransform[]) => StreamTransform) | undefined;
}

export function resolveExporterTransforms(input: ExporterInput): ExporterTransforms {
  const rules = resolveNameRules(input);
  const copying = input.resource_to_telemetry_conversion ?? {};
  const hasTargetInfo = input.target_info?.enabled ?? true;
  return {
    before: [
      ...(hasTargetInfo ? [servedTargetInfo] : []),
      ...(input.disable_scope_info === true ? [droppedScope] : []),
      ...(copying.enabled === true
        ? [copiedResource({ withService: copying.exclude_service_attributes !== true })]
        : []),
      exceptServed(translatedNames(rules)),
    ],
    makeTargetInfo: hasTargetInfo
      ? (ending) => targetInfo({ namespace: rules.namespace, ending })
      : undefined,
  };
}

/** `translation_strategy` counts before `add_metric_suffixes`. */
function resolveNameRules(input: ExporterInput): NameRules {
  const namespace = input.namespace ?? '';
  switch (input.translation_strategy) {
    case 'UnderscoreEscapingWithSuffixes':
      return { namespace, hasSuffixes: true, isUtf8: false };
    case 'UnderscoreEscapingWithoutSuffixes':
      return { namespace, hasSuffixes: false, isUtf8: false };
    case 'NoUTF8EscapingWithSuffixes':
      return { namespace, hasSuffixes: true, isUtf8: true };
    case 'NoTranslation':
      return { namespace, hasSuffixes: false, isUtf8: true };
    default:
      return { namespace, hasSuffixes: input.add_metric_suffixes ?? true, isUtf8: false };
  }
}

/**
 * Puts the transforms of each exporter to Prometheus round those of its sink.
 *
 * @param shared  what is done between the names of a series and the sink's own transforms
 */
export function planExporterTransforms(
  planned: PlannedSinks,
  transformsOf: (sinkName: string) => ExporterTransforms | undefined,
  shared: readonly TransformPlan[],
): PlannedSinks {
  const byId = new Map(planned.transforms.map(({ id, transform }) => [id, transform]));
  const added: TransformPlan[] = [];
  const add = (id: string, transform: Transform): string => {
    added.push({ id, transform });
    return id;
  };
  const sinks = planned.sinks.map((sink) => {
    const own = transformsOf(sink.name);
    if (own === undefined) return sink;
    const sharedIds = shared.map(({ id }) => id);
    const before = own.before.map((transform, index) =>
      add(`${sink.id}:before:${index}`, transform),
    );
    const ending = [
      ...shared.map(({ transform }) => transform),
      ...sink.transforms.flatMap((id) => byId.get(id) ?? []),
    ].filter((transform) => !isStreamTransform(transform)) as readonly SeriesTransform[];
    const info = own.makeTargetInfo?.(ending);
    const behind = [
      add(`${sink.id}:cumulative_only`, cumulativeOnly),
      ...(info === undefined ? [] : [add(`${sink.id}:target_info`, info)]),
    ];
    return { ...sink, transforms: [...before, ...sharedIds, ...sink.transforms, ...behind] };
  });
  return { sinks, transforms: [...shared, ...planned.transforms, ...added] };
}
