/** Keys of the model for what stands beside the collector: names, metrics elsewhere, alarms. */
import * as z from 'zod';
import { compileSearch } from '../relabel/search.ts';
import { EMF_DIMENSIONS_MAX } from '../wire/emf/limits.ts';

export const dnsNamespaceSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/, 'expected a name of DNS')
      .optional()
      .meta({ description: 'Name of the Cloud Map namespace.', default: 'ecs-services' }),
    id: z
      .string()
      .regex(/^ns-[a-z0-9]+$/)
      .optional()
      .describe('A namespace that is there, beside its name; without it one is made.'),
  })
  .refine(({ id, name }) => id === undefined || name !== undefined, {
    path: ['name'],
    error: 'targets are found by the name of the namespace: give it beside the id',
  })
  .transform(({ id, name }) => ({ id, name: name ?? 'ecs-services', isNamed: name !== undefined }))
  .prefault({})
  .describe('Private DNS namespace of the services.');

export const nodeExporterSchema = z
  .strictObject({
    image: z
      .string()
      .min(1)
      .default('quay.io/prometheus/node-exporter:v1.10.2')
      .describe('Its image; subnets without a way to the Internet need a copy of it in ECR.'),
  })
  .optional()
  .describe(
    'node-exporter on each instance (write {}), found as services are. Instances that are ' +
      'there must let the collectors in at port 9100; those that are made do.',
  );

export const alarmsSchema = z
  .strictObject({
    topic: z.string().startsWith('arn:').optional().describe('Topic of SNS that alarms go to.'),
    active_series: z
      .int()
      .min(1)
      .default(50_000_000)
      .describe('Quota of active series of the workspace; the alarm is at 80 % of it.'),
    ingestion_rate: z
      .int()
      .min(1)
      .default(170_000)
      .describe('Quota of samples a second of the workspace; the alarm is at 80 % of it.'),
  })
  .optional()
  .describe(
    'Alarms of CloudWatch on the workspace, and on the collector where it is a service on AWS ' +
      'of its own.',
  );

function isSearch(text: string): boolean {
  try {
    compileSearch(text);
    return true;
  } catch {
    return false;
  }
}

export const cloudwatchSchema = z
  .strictObject({
    namespace: z
      .string()
      .regex(/^(?!AWS\/)[A-Za-z0-9_./#-]{1,255}$/, 'expected letters, digits and _./#-, not AWS/…')
      .optional()
      .describe("Namespace of the metrics; by default the deployment's name."),
    metrics: z
      .array(z.string().min(1).refine(isSearch, 'is no regular expression of RE2'))
      .min(1, 'selects no metric')
      .meta({
        description: 'Regular expressions of the names that become metrics there; each one costs.',
        examples: [['^http_requests_total$']],
      }),
    dimensions: z
      .array(z.array(z.string().min(1)).min(1).max(EMF_DIMENSIONS_MAX))
      .min(1)
      .default([['cluster', 'service']])
      .describe('Sets of labels that become dimensions.'),
  })
  .optional()
  .describe('Metrics that CloudWatch has too, beside AMP: emf_write of the collector.');
