/**
 * AMP's calls on anomaly detectors: state only, nothing is detected.
 * Limit: DETECTORS_MAX detectors of a workspace.
 * Source: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateAnomalyDetector.html
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { flagSchema } from '../constraints.ts';
import type { ActionHandler, AwsInput } from '../service.ts';
import { cutAmpPage, missResource, parseAmpCall, refuseQuota, ampTagsSchema } from './requests.ts';
import { type AmpState, type AnomalyDetector, newPart, renderTimes } from './state.ts';
import { findActive, findWorkspace } from './workspaces.ts';

const DETECTORS_MAX = 100;

const nearSchema = z
  .union([z.object({ amount: z.number().min(0) }), z.object({ ratio: z.number().min(0) })])
  .optional();
const contentSchema = z.object({
  evaluationIntervalInSeconds: z.number().int().min(30).max(86_400).default(60),
  missingDataAction: z
    .union([z.object({ markAsAnomaly: flagSchema }), z.object({ skip: flagSchema })])
    .optional(),
  configuration: z.object({
    randomCutForest: z.object({
      query: z.string().min(1).max(8_192),
      shingleSize: z.number().int().min(2).max(1_024).optional(),
      sampleSize: z.number().int().min(256).max(1_024).optional(),
      ignoreNearExpectedFromAbove: nearSchema,
      ignoreNearExpectedFromBelow: nearSchema,
    }),
  }),
  labels: z.record(z.string().min(1).max(7_168), z.string().min(1).max(7_168)).default({}),
});
const aliasSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[0-9A-Za-z][-.0-9A-Z_a-z]*$/);
const createSchema = contentSchema.extend({
  alias: aliasSchema,
  tags: ampTagsSchema.default({}),
});

export function anomalyDetectorActions(state: AmpState): Record<string, ActionHandler> {
  const head = ({ id, arn, status, tags }: AnomalyDetector): object => ({
    anomalyDetectorId: id,
    arn,
    status: status.at(state.nowMs()),
    tags: Object.fromEntries(tags),
  });
  const listed = (input: AwsInput): AnomalyDetector[] => {
    const { detectors } = findWorkspace(state, input);
    for (const [id, { status }] of detectors)
      if (status.isGone(state.nowMs())) detectors.delete(id);
    return [...detectors.values()];
  };
  const find = (input: AwsInput): AnomalyDetector => {
    const schema = z.object({ anomalyDetectorId: z.string().min(1).max(64) });
    const { anomalyDetectorId } = parseAmpCall(schema, input);
    const found = listed(input).find(({ id }) => id === anomalyDetectorId);
    if (found === undefined) throw missResource('anomalydetector', anomalyDetectorId);
    return found;
  };
  return {
    CreateAnomalyDetector: (input) => {
      const { tags, ...content } = parseAmpCall(createSchema, input);
      const { id: workspaceId, place, detectors } = findActive(state, input);
      if (listed(input).length >= DETECTORS_MAX)
        throw refuseQuota('anomalydetector', DETECTORS_MAX, 'anomaly detectors in a workspace');
      const id = `ad-${randomUUID()}`;
      const { accountId, region } = place;
      const made: AnomalyDetector = {
        ...newPart(content, state.nowMs()),
        id,
        arn: `arn:aws:aps:${region}:${accountId}:anomalydetector/${workspaceId}/${id}`,
        tags: new Map(Object.entries(tags)),
      };
      detectors.set(id, made);
      return head(made);
    },
    PutAnomalyDetector: (input) => {
      findActive(state, input);
      const found = find(input);
      found.content = { alias: found.content['alias'], ...parseAmpCall(contentSchema, input) };
      found.modifiedMs = state.nowMs();
      found.status.update(state.nowMs());
      return head(found);
    },
    DescribeAnomalyDetector: (input) => {
      const found = find(input);
      return { anomalyDetector: { ...head(found), ...found.content, ...renderTimes(found) } };
    },
    ListAnomalyDetectors: (input) => {
      const { alias: prefix } = parseAmpCall(z.object({ alias: aliasSchema.optional() }), input);
      const fitting = listed(input).filter(({ content }) =>
        String(content['alias']).startsWith(prefix ?? ''),
      );
      const { page, ...more } = cutAmpPage(fitting, input);
      const shown = page.map((one) => ({
        ...head(one),
        ...renderTimes(one),
        alias: one.content['alias'],
      }));
      return { anomalyDetectors: shown, ...more };
    },
    DeleteAnomalyDetector: (input) => find(input).status.delete(state.nowMs()),
  };
}
