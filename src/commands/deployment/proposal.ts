/**
 * A change set of a model, from its making to its end: executed, or taken away again with the empty
 * stack that it needed.
 */
import type { Stack } from '@aws-sdk/client-cloudformation';
import { renderTemplateText, INLINE_MAX_BYTES } from '../../deploy/cloudformation/render.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import { type ChangeRow, readChangeRows, listEffects, summarize } from './changes.ts';
import { isMoving } from './follow.ts';
import { DEPLOYMENT_TAG, tellForeign } from './ownership.ts';
import type { ChangeSetInput } from './stack.ts';
import type { Model, Run } from './target.ts';
import { renderTable } from './terminal.ts';
import { uploadText } from './upload.ts';

export interface PlannedChange {
  readonly type: 'CREATE' | 'UPDATE';
  /** ARN of the stack. */
  readonly stackArn: string;
  readonly rows: readonly ChangeRow[];
  readonly effects: readonly string[];
  /** Undefined where there is nothing to do. */
  readonly execute: (() => Promise<void>) | undefined;
}

export interface ProposalOptions {
  /** Where a template goes that is too long for a call. */
  readonly bucket: string | undefined;
}

/** For a person: a row for each resource, what is interrupted, and the sum. */
export function renderProposal({ rows, effects }: Pick<PlannedChange, 'effects' | 'rows'>): string {
  if (rows.length === 0) return 'no changes\n';
  const table = renderTable(
    rows.map(({ action, id, type, causes }) => [action, id, type, causes.join(', ')]),
  );
  const told = effects.map((one) => `! ${one}\n`).join('');
  return `${table}${told}${summarize(rows)}\n`;
}

/** States that no change leads out of. */
const DEAD = /^(?:ROLLBACK_COMPLETE|ROLLBACK_FAILED|CREATE_FAILED|DELETE_FAILED)$/;

export function isDead(stack: Stack | undefined): boolean {
  return DEAD.test(stack?.StackStatus ?? '');
}

/** @throws ConfigError STACK_STATE for a stack that takes no change now */
export async function withProposal(
  run: Run,
  model: Model,
  { bucket }: ProposalOptions,
  use: (proposal: PlannedChange) => Promise<void>,
): Promise<void> {
  const { api } = run;
  const stack = await api.describe();
  checkState(run, stack);
  const isNew = stack === undefined || stack.StackStatus === 'REVIEW_IN_PROGRESS';
  const type = isNew ? 'CREATE' : 'UPDATE';
  if (!isNew) tellForeign(run, stack);
  const template = await placeTemplate(run, model, bucket);
  const { name, tags } = model.deployment;
  let arn: string | undefined;
  try {
    const made = await api.createChangeSet({
      type,
      template,
      tags: Object.entries({ ...tags, [DEPLOYMENT_TAG]: name }).map(([Key, Value]) => ({
        Key,
        Value,
      })),
    });
    arn = made.arn;
    const rows = readChangeRows(made.changes);
    await use({
      type,
      stackArn: made.stackArn,
      rows,
      effects: listEffects(rows, model.deployment),
      execute:
        arn === undefined
          ? undefined
          : async () => {
              await api.executeChangeSet(made.arn ?? '');
              arn = undefined;
            },
    });
  } finally {
    await discard(run, arn, stack === undefined);
  }
}

function checkState({ api, session }: Run, stack: Stack | undefined): void {
  const status = stack?.StackStatus;
  if (isMoving(status))
    throw new ConfigError(
      'STACK_BUSY',
      `the stack ${api.name} is being changed (${status}): "amperage status ${api.name} --region ` +
        `${session.region} --follow" waits for its end`,
    );
  if (isDead(stack))
    throw new ConfigError(
      'STACK_STATE',
      `the stack ${api.name} is ${status}, and takes no change any more: deploy with --replace, ` +
        'which takes it away first',
    );
  if (status === 'UPDATE_ROLLBACK_FAILED')
    throw new ConfigError(
      'STACK_STATE',
      `the stack ${api.name} is ${status}: mend what its events name, then "aws cloudformation ` +
        `continue-update-rollback --stack-name ${api.name}"`,
    );
}

/** @throws ConfigError TEMPLATE_SIZE */
async function placeTemplate(
  { session, terminal }: Run,
  { template, file }: Model,
  bucket: string | undefined,
): Promise<ChangeSetInput['template']> {
  const { text, bytes, isInline } = renderTemplateText(template);
  if (isInline) return { TemplateBody: text };
  if (bucket === undefined)
    throw new ConfigError(
      'TEMPLATE_SIZE',
      `the template of ${file} has ${bytes} bytes, and CloudFormation takes more than ` +
        `${INLINE_MAX_BYTES} from a bucket alone: name one of this region with --bucket`,
    );
  const url = await uploadText(session, { bucket, name: template.name, text });
  terminal.tell(`the template is ${url}`);
  return { TemplateURL: url };
}

/** Also where the command ends; what can't be taken away is told. */
async function discard(
  { api, terminal }: Run,
  arn: string | undefined,
  wasMissing: boolean,
): Promise<void> {
  const late = api.forCleanUp();
  try {
    if (arn !== undefined) await late.deleteChangeSet(arn);
    if (!wasMissing) return;
    const left = await late.describe();
    if (left?.StackStatus === 'REVIEW_IN_PROGRESS') await late.delete(left.StackId ?? api.name);
  } catch (error) {
    terminal.tell(
      'the change set, or the empty stack that it needed, is left behind: ' + describeError(error),
    );
  }
}
