/**
 * The exporter `awsemf` as an entry of emf_write.
 * Source: contrib's exporter/awsemfexporter/config.go and factory.go, and
 * internal/aws/awsutil/awsconfig.go; further keys are those of AWS's fork, which CloudWatch's agent
 * has (https://github.com/amazon-contributing/opentelemetry-collector-contrib)
 */
import * as z from 'zod';
import { ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema } from '../../settings/text.ts';
import { emfKind } from '../../sinks/emf/kind.ts';
import { emfSchema } from '../../sinks/emf/schema.ts';
import type { SinkKind } from '../../sinks/sink.ts';
import { awsSessionShape, resolveAwsSession } from './aws-session.ts';
import { defineExporter, pickDefined } from './exporter-kind.ts';

const ENTITY = "entities are of CloudWatch's own agent; remove it, or set it to false";
const ENHANCED =
  "enhanced metrics of Container Insights are made by CloudWatch's own agent; remove it, or set " +
  'it to false';
const ARN = 'events are sent without it';

/** The same keys with the same meaning. */
const { shape } = emfSchema;
const shared = {
  namespace: shape.namespace,
  log_group_name: shape.log_group_name,
  log_stream_name: shape.log_stream_name,
  log_retention: shape.log_retention,
  tags: shape.tags,
  metric_declarations: shape.metric_declarations,
  metric_descriptors: shape.metric_descriptors,
  resource_to_telemetry_conversion: shape.resource_to_telemetry_conversion,
  parse_json_encoded_attr_values: shape.parse_json_encoded_attr_values,
  output_destination: shape.output_destination,
  detailed_metrics: shape.detailed_metrics,
  retain_initial_value_of_delta_metric: shape.retain_initial_value_of_delta_metric,
  disable_metric_extraction: shape.disable_metric_extraction,
  version: shape.version,
  eks_fargate_container_insights_enabled: shape.eks_fargate_container_insights_enabled,
};

const schema = z.strictObject({
  ...shared,
  dimension_rollup_option: shape.dimension_rollup_option.meta({
    description: 'Which metrics are made besides, as in emf_write; there the default is another.',
    default: 'ZeroAndSingleDimensionRollup',
  }),
  ...awsSessionShape('CloudWatch Logs'),
  resource_arn: ignoredValue(presentSchema, `Has no effect: ${ARN}.`),
  add_entity: switchSchema
    .optional()
    .meta({ description: `Refused as true: ${ENTITY}.`, default: false }),
  enhanced_container_insights: switchSchema
    .optional()
    .meta({ description: `Refused as true: ${ENHANCED}.`, default: false }),
});

export const emfExporter = defineExporter({
  names: ['awsemf', 'aws_emf'],
  schema,
  as: 'a queue on disk before CloudWatch Logs; docs/cloudwatch.md has the differences',
  resolve: (input, context) => {
    const { at, report } = context;
    const session = resolveAwsSession(input, context);
    if (input.resource_arn !== undefined)
      report.warn([...at, 'resource_arn'], `resource_arn has no effect: ${ARN}`, 'key');
    if (input.add_entity === true) report.lacks([...at, 'add_entity'], `"add_entity": ${ENTITY}`);
    if (input.enhanced_container_insights === true)
      report.lacks(
        [...at, 'enhanced_container_insights'],
        `"enhanced_container_insights": ${ENHANCED}`,
      );
    const same = Object.keys(shared).map(
      (key) => [key, input[key as keyof typeof shared]] as const,
    );
    const entry = {
      ...Object.fromEntries(same),
      dimension_rollup_option: input.dimension_rollup_option ?? 'ZeroAndSingleDimensionRollup',
      ...session.entry,
    };
    return {
      kind: emfKind as unknown as SinkKind,
      entry: pickDefined(entry),
      keys: session.keys,
    };
  },
});
