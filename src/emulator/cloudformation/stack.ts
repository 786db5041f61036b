/**
 * A stack: what it was made of, its resources, its events.
 * Limit: EVENTS_MAX events of a stack; the oldest leave.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { sessionOf } from '../identities.ts';
import type { CallContext } from '../service.ts';
import type { Made, ResourceTag } from './resource-kind.ts';
import type { StackTemplate } from './template.ts';
import type { Values } from './values.ts';
import type { ParameterValues } from './template-parameters.ts';
import { escapeRegex } from '../../kernel/regex-text.ts';

const EVENTS_MAX = 5_000;

/** What a stack is made of. */
export interface StackInputs {
  readonly template: StackTemplate;
  readonly parameters: ParameterValues;
  readonly tags: readonly ResourceTag[];
  readonly capabilities: readonly string[];
  readonly roleArn?: string;
}

/** A resource that is there, or on its way. */
export interface StackResource {
  readonly id: string;
  readonly type: string;
  /** The properties as the template gives them, before dynamic references are read. */
  readonly declared: Values;
  /** The same as they were sent. */
  readonly properties: Values;
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
  readonly metadata?: unknown;
  /** Undefined until it is known to its service. */
  made?: Made;
  status: string;
  reason?: string;
  timestampMs: number;
}

/** What an operation did to a resource, so that it can be undone. */
export type Done =
  | { readonly what: 'created'; readonly now: StackResource }
  | {
      readonly what: 'replaced' | 'updated';
      readonly now: StackResource;
      readonly before: StackResource;
    };

/** What a roll-back has to undo. */
export interface Undo {
  readonly done: readonly Done[];
  /** Tags of the stack that are on the resources. */
  readonly tagsNow: readonly ResourceTag[];
}

export interface StackEvent {
  readonly eventId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly properties?: string;
  readonly token?: string;
  readonly timestampMs: number;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export class EmulatedStack {
  readonly name: string;
  readonly id: string;
  readonly createdMs: number;
  inputs: StackInputs;
  status = 'REVIEW_IN_PROGRESS';
  statusReason: string | undefined;
  updatedMs: number | undefined;
  deletedMs: number | undefined;
  isProtected = false;
  isRollbackDisabled = false;
  /** Whether its roll-back deletes what is new, also where that is to be kept. */
  retainsExceptOnCreate = false;
  timeoutMinutes: number | undefined;
  policy: string | undefined;
  token: string | undefined;
  changeSetId: string | undefined;
  outputs: readonly StackOutput[] = [];
  drift: { status: string; checkedMs?: number } = { status: 'NOT_CHECKED' };
  /** The names that it imports from other stacks. */
  readonly imports = new Set<string>();
  readonly resources = new Map<string, StackResource>();
  /** The newest first. */
  readonly events: StackEvent[] = [];
  /** Signals of resources: ids that said SUCCESS, and ids that said FAILURE. */
  readonly signals = new Map<string, Map<string, boolean>>();
  /** What a roll-back that failed has still to undo. */
  pendingUndo: Undo | undefined;
  readonly #clock: Clock;

  constructor(
    { name, id }: { readonly name: string; readonly id: string },
    inputs: StackInputs,
    clock: Clock,
  ) {
    this.name = name;
    this.id = id;
    this.inputs = inputs;
    this.#clock = clock;
    this.createdMs = clock.nowMs();
  }

  get isBusy(): boolean {
    return this.status.endsWith('_IN_PROGRESS') && this.status !== 'REVIEW_IN_PROGRESS';
  }

  get isDeleted(): boolean {
    return this.status === 'DELETE_COMPLETE';
  }

  /** Sets the state of the stack, and tells it. */
  become(status: string, reason?: string): void {
    this.status = status;
    this.statusReason = reason;
    this.#tell({
      logicalId: this.name,
      physicalId: this.id,
      type: 'AWS::CloudFormation::Stack',
      status,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** Sets the state of a resource, and tells it. */
  tell(resource: StackResource, status: string, reason?: string): void {
    resource.status = status;
    resource.timestampMs = this.#clock.nowMs();
    if (reason === undefined) delete resource.reason;
    else resource.reason = reason;
    this.#tell({
      logicalId: resource.id,
      physicalId: resource.made?.id ?? '',
      type: resource.type,
      status,
      ...(reason === undefined ? {} : { reason }),
      // As declared: what a reference to a secret stands for is nobody's who reads events.
      properties: this.#hide(JSON.stringify(resource.declared)),
    });
  }

  #tell(event: Omit<StackEvent, 'eventId' | 'timestampMs'>): void {
    const { token } = this;
    this.events.unshift({
      ...event,
      eventId: randomUUID(),
      timestampMs: this.#clock.nowMs(),
      ...(token === undefined ? {} : { token }),
    });
    this.events.length = Math.min(this.events.length, EVENTS_MAX);
  }

  /** Without the values of parameters that are not to be shown. */
  #hide(text: string): string {
    const secrets = Object.values(this.inputs.parameters)
      .filter(({ text: secret, isHidden }) => isHidden && secret !== '')
      .flatMap(({ text: secret }) => [JSON.stringify(secret).slice(1, -1), secret]);
    if (secrets.length === 0) return text;
    // In one pass, the longest first: with one after the other the stars of one would be hidden by
    // the next, and a secret of one star would double the text again and again.
    const longestFirst = [...new Set(secrets)].toSorted((a, b) => b.length - a.length);
    const anyOfThem = longestFirst.map(escapeRegex).join('|');
    return text.replaceAll(new RegExp(anyOfThem, 'g'), '****');
  }
}

/** The call for a stack as who deploys it: the caller, or the role that was passed. */
export function asDeployer(context: CallContext, roleArn: string | undefined): CallContext {
  if (roleArn === undefined) return context;
  const { accountId } = context.caller;
  return { ...context, caller: { ...sessionOf(roleArn, 'AWSCloudFormation'), accountId } };
}
