/**
 * AMP's calls on rule groups namespaces, each a file of rule groups of Prometheus. A text that is
 * no such file is refused; one with a rule that cannot be evaluated is taken and fails, with the
 * reason in its status (which of the two AMP does for what is an assumption).
 * Limits: NAMESPACES_MAX namespaces of a workspace, DATA_MAX_BYTES of one.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-Ruler.html
 */
import * as z from 'zod';
import type { AwsInput } from '../service.ts';
import {
  blobSchema,
  cutAmpPage,
  missResource,
  parseAmpCall,
  refuseConflict,
  refuseData,
  refuseQuota,
  ampTagsSchema,
  textOfBlob,
} from './requests.ts';
import {
  type AmpState,
  type AmpWorkspace,
  newPart,
  renderTimes,
  type RulesNamespace,
} from './state.ts';
import type { RulesVerdict } from './workspace-data.ts';
import { findActive, findWorkspace } from './workspaces.ts';

const NAMESPACES_MAX = 100;
const DATA_MAX_BYTES = 1_000_000;

const nameSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(/[0-9A-Za-z]/);
const putSchema = z.object({ name: nameSchema, data: blobSchema(DATA_MAX_BYTES) });

export function createNamespace(state: AmpState, input: AwsInput): object {
  const schema = putSchema.extend({ tags: ampTagsSchema.default({}) });
  const { name, data, tags } = parseAmpCall(schema, input);
  const workspace = findActive(state, input);
  const known = listed(state, workspace);
  if (known.some((one) => one.name === name))
    throw refuseConflict('rulegroupsnamespace', name, `The namespace ${name} exists already.`);
  if (known.length >= NAMESPACES_MAX)
    throw refuseQuota('rulegroupsnamespace', NAMESPACES_MAX, 'namespaces in a workspace');
  const { faulty } = judge(state, data);
  const { accountId, region } = workspace.place;
  const made: RulesNamespace = {
    ...newPart(data, state.nowMs(), faulty),
    name,
    arn: `arn:aws:aps:${region}:${accountId}:rulegroupsnamespace/${workspace.id}/${name}`,
    tags: new Map(Object.entries(tags)),
  };
  workspace.namespaces.set(name, made);
  workspace.data?.setRules(name, faulty === undefined ? textOfBlob(data) : undefined);
  return renderHead(made, state.nowMs());
}

/** A namespace that fails to change keeps its rules. */
export function putNamespace(state: AmpState, input: AwsInput): object {
  const { name, data } = parseAmpCall(putSchema, input);
  const workspace = findActive(state, input);
  const known = listed(state, workspace).find((one) => one.name === name);
  if (known === undefined) return createNamespace(state, input);
  const { faulty } = judge(state, data);
  const nowMs = state.nowMs();
  known.status.update(nowMs, faulty);
  known.modifiedMs = nowMs;
  if (faulty === undefined) {
    known.content = data;
    workspace.data?.setRules(name, textOfBlob(data));
  }
  return renderHead(known, nowMs);
}

export function deleteNamespace(state: AmpState, input: AwsInput): void {
  const found = find(state, findActive(state, input), input);
  found.status.delete(state.nowMs());
  findWorkspace(state, input).data?.setRules(found.name, undefined);
}

export function describeNamespace(state: AmpState, input: AwsInput): object {
  const found = find(state, findWorkspace(state, input), input);
  const shown = { ...renderHead(found, state.nowMs()), ...renderTimes(found) };
  return { ruleGroupsNamespace: { ...shown, data: found.content } };
}

/** The name is a prefix. */
export function listNamespaces(state: AmpState, input: AwsInput): object {
  const { name: prefix = '' } = parseAmpCall(z.object({ name: nameSchema.optional() }), input);
  const found = listed(state, findWorkspace(state, input));
  const fitting = found.filter(({ name }) => name.startsWith(prefix));
  const { page, ...more } = cutAmpPage(fitting, input);
  const shown = page.map((one) => ({ ...renderHead(one, state.nowMs()), ...renderTimes(one) }));
  return { ruleGroupsNamespaces: shown, ...more };
}

function renderHead({ name, arn, status, tags }: RulesNamespace, nowMs: number): object {
  return { name, arn, status: status.at(nowMs), tags: Object.fromEntries(tags) };
}

/** @throws AwsError ValidationException for what is no file of rule groups */
function judge({ directory: { host } }: AmpState, data: string): RulesVerdict {
  const verdict = host?.judgeRules(textOfBlob(data)) ?? {};
  if (verdict.unreadable !== undefined) throw refuseData(verdict.unreadable, 'CANNOT_PARSE');
  return verdict;
}

function listed(state: AmpState, { namespaces }: AmpWorkspace): RulesNamespace[] {
  for (const [name, { status }] of namespaces)
    if (status.isGone(state.nowMs())) namespaces.delete(name);
  return [...namespaces.values()];
}

function find(state: AmpState, workspace: AmpWorkspace, input: AwsInput): RulesNamespace {
  const { name } = parseAmpCall(z.object({ name: nameSchema }), input);
  const found = listed(state, workspace).find((one) => one.name === name);
  if (found === undefined) throw missResource('rulegroupsnamespace', name);
  return found;
}
