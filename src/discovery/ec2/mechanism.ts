/**
 * ec2_sd_configs: EC2 instances as scrape targets, each at one port, with the keys, targets and
 * labels of Prometheus. The only additional keys are the call budget and the queue of events.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#ec2_sd_config
 */
import * as z from 'zod';
import { checkAwsAccess } from '../../settings/aws-access.ts';
import { portSchema } from '../../settings/count.ts';
import { refreshIntervalSchema } from '../../settings/refresh-interval.ts';
import { textSchema } from '../../settings/text.ts';
import { awsClientShape } from '../aws-client.ts';
import { filtersSchema } from '../aws-filters.ts';
import { awsHttpShape, checkAwsHttp } from '../aws-http.ts';
import { defineMechanism } from '../mechanism.ts';
import { discoverInstances } from './discovery.ts';

const ec2Schema = z
  .strictObject({
    ...awsClientShape,
    ...awsHttpShape,
    port: portSchema.default(80).describe('Port of every target.'),
    refresh_interval: refreshIntervalSchema(60_000),
    filters: filtersSchema
      .optional()
      .describe('Filters of DescribeInstances, all of which must fit; all instances by default.'),
    events_queue_url: textSchema.optional().meta({
      description:
        'SQS queue that EventBridge fills with "EC2 Instance State-change Notification": an ' +
        'instance is a target right after its event. Prometheus has no such key.',
      examples: ['https://sqs.us-east-1.amazonaws.com/123456789012/instance-events'],
    }),
  })
  .describe('Instances of EC2, each one target at one port, as in Prometheus.');

export const ec2Mechanism = defineMechanism({
  key: 'ec2_sd_configs',
  schema: ec2Schema,
  check(config, context) {
    checkAwsAccess(config, context, 'without effect');
    checkAwsHttp(config, context);
  },
  discover: discoverInstances,
});
