/**
 * AMP's calls on workspaces and on their configuration.
 * Source: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateWorkspace.html
 */
import * as z from 'zod';
import type { AwsInput } from '../service.ts';
import { aliasSchema, cutAmpPage, parseAmpCall, ampTagsSchema } from './requests.ts';
import { type AmpState, type AmpWorkspace } from './state.ts';
import { AmpStatus } from './status.ts';

const createSchema = z.object({
  alias: aliasSchema.optional(),
  kmsKeyArn: z
    .string()
    .min(20)
    .max(2_048)
    .regex(/^arn:aws[-a-z]*:kms:[-a-z0-9]+:[0-9]{12}:key\/[-a-f0-9]+$/)
    .optional(),
  tags: ampTagsSchema.default({}),
});

export async function createWorkspace(state: AmpState, input: AwsInput): Promise<object> {
  const made = await state.createWorkspace(parseAmpCall(createSchema, input));
  const { id, arn, status, tags, kmsKeyArn } = made;
  return {
    workspaceId: id,
    arn,
    status: status.at(state.nowMs()),
    tags: Object.fromEntries(tags),
    kmsKeyArn,
  };
}

export const workspaceIdSchema = z.object({ workspaceId: z.string().min(1).max(64) });

/** @throws AwsError ResourceNotFoundException, ValidationException */
export function findWorkspace(state: AmpState, input: AwsInput): AmpWorkspace {
  return state.workspace(parseAmpCall(workspaceIdSchema, input).workspaceId);
}

/** Finds a workspace to be changed. @throws AwsError also ConflictException */
export function findActive(state: AmpState, input: AwsInput): AmpWorkspace {
  return state.activeWorkspace(parseAmpCall(workspaceIdSchema, input).workspaceId);
}

export function describeWorkspace(
  state: AmpState,
  input: AwsInput,
  endpoint: (id: string) => string,
): object {
  const found = findWorkspace(state, input);
  const shown = renderWorkspace(found, state.nowMs());
  return { workspace: { ...shown, prometheusEndpoint: endpoint(found.id) } };
}

function renderWorkspace(
  { id, arn, alias, status, createdMs, tags, kmsKeyArn }: AmpWorkspace,
  nowMs: number,
): object {
  return {
    workspaceId: id,
    arn,
    alias,
    status: status.at(nowMs),
    createdAt: createdMs / 1_000,
    tags: Object.fromEntries(tags),
    kmsKeyArn,
  };
}

const listSchema = z.object({ alias: aliasSchema.optional() });

/** The alias is a prefix. */
export function listWorkspaces(state: AmpState, input: AwsInput): object {
  const { alias: prefix = '' } = parseAmpCall(listSchema, input);
  const found = state.listWorkspaces().filter(({ alias = '' }) => alias.startsWith(prefix));
  const { page, ...more } = cutAmpPage(found, input);
  return { workspaces: page.map((one) => renderWorkspace(one, state.nowMs())), ...more };
}

export function updateAlias(state: AmpState, input: AwsInput): void {
  const { alias } = parseAmpCall(listSchema, input);
  const found = findActive(state, input);
  found.alias = alias;
  found.status.update(state.nowMs());
}

const LABEL_SETS_MAX = 100;

const configurationSchema = z.object({
  retentionPeriodInDays: z.number().int().min(1).max(1_095).optional(),
  limitsPerLabelSet: z
    .array(
      z.object({
        labelSet: z.record(
          z
            .string()
            .min(1)
            .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/),
          z.string().min(1),
        ),
        limits: z.object({ maxSeries: z.number().int().min(0).optional() }),
      }),
    )
    .max(LABEL_SETS_MAX)
    .optional(),
});

export function updateConfiguration(state: AmpState, input: AwsInput): object {
  const change = parseAmpCall(configurationSchema, input);
  const found = findActive(state, input);
  const status = new AmpStatus(state.nowMs());
  status.update(state.nowMs());
  const { configuration: before } = found;
  found.configuration = {
    status,
    retentionPeriodInDays: change.retentionPeriodInDays ?? before.retentionPeriodInDays,
    limitsPerLabelSet: change.limitsPerLabelSet ?? before.limitsPerLabelSet,
  };
  found.data?.setRetention(found.configuration.retentionPeriodInDays);
  return { status: status.at(state.nowMs()) };
}

export function describeConfiguration(state: AmpState, input: AwsInput): object {
  const { status, ...content } = findWorkspace(state, input).configuration;
  const settled = { statusCode: 'ACTIVE' };
  return { workspaceConfiguration: { status: status?.at(state.nowMs()) ?? settled, ...content } };
}
