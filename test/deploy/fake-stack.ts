/**
 * A stack of CloudFormation that does what a test says, over HTTP as AWS speaks it, with services
 * of ECS beside it: for what goes wrong, which an account that works does not show. Each look at
 * the stack while it moves takes it a step further.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { escapeXml } from '../../src/emulator/xml.ts';
import { listen } from '../kit/listen.ts';

export const STACK_ARN = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/metrics/0a1b';
export const SERVICE_ARN = 'arn:aws:ecs:eu-west-1:123456789012:service/metrics/metrics-collector';

/** What a stack may have, and a change of it. */
export const SERVICE = {
  id: 'CollectorService',
  type: 'AWS::ECS::Service',
  physicalId: SERVICE_ARN,
};
export const WORKSPACE = {
  id: 'Workspace',
  type: 'AWS::APS::Workspace',
  physicalId: 'arn:aws:aps:eu-west-1:123456789012:workspace/ws-0a1b',
};
export const ADD = {
  Action: 'Add',
  LogicalResourceId: 'Cluster',
  ResourceType: 'AWS::ECS::Cluster',
};

export interface FakeEvent {
  readonly id: string;
  readonly type?: string;
  readonly status: string;
  readonly reason?: string;
  readonly physicalId?: string;
}

export interface FakeResource {
  readonly id: string;
  readonly type: string;
  readonly physicalId: string;
  readonly status?: string;
}

/** A refusal: the code and message of AWS, and its status. */
export type Refusal = readonly [code: string, message: string, status?: number];

type Answer = Readonly<Record<string, unknown>>;
type Json = (input: Answer) => Answer;

/** What a test sets, and may change while a command runs. */
export interface FakeStack {
  readonly url: string;
  /** Undefined: there is none. */
  status: string | undefined;
  /** Whether it is no deployment of Amperage's. */
  isForeign: boolean;
  /** What a change set says; undefined: that there are no changes. */
  changes: readonly Answer[] | undefined;
  /** What happens after the execution or deletion: events of each look, and the last status. */
  course: { steps: (readonly FakeEvent[])[]; end: string | undefined };
  resources: FakeResource[];
  template: Answer;
  isProtected: boolean;
  /** Answers of the next calls of an action, in place of its own. */
  readonly refusals: Map<string, Refusal[]>;
  /** Operations of ECS, AMP and others by their name. */
  readonly json: Map<string, Json>;
  /** Called before each action. */
  onCall: (action: string, input: URLSearchParams) => void;
  /** All calls, by their action. */
  readonly calls: string[];
  /** Deleted stacks of the same name. */
  deleted: { readonly arn: string; readonly resources: FakeResource[] }[];
}

export async function startFakeStack(context: TestContext): Promise<FakeStack> {
  const server = createServer();
  const { url } = await listen(context, server);
  const fake: FakeStack = {
    url,
    status: undefined,
    isForeign: false,
    changes: undefined,
    course: { steps: [], end: undefined },
    resources: [],
    isProtected: false,
    template: {},
    refusals: new Map(),
    json: new Map(),
    onCall: () => undefined,
    calls: [],
    deleted: [],
  };
  const actions = stackActions(fake);
  server.on('request', (request, response) => {
    void answer(fake, actions, request).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'x-amzn-errortype': body.type ?? '' });
      response.end(body.text);
    });
  });
  return fake;
}

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: { readonly text: string; readonly type?: string };
}

type Actions = Readonly<Record<string, (input: URLSearchParams) => Answer>>;

async function answer(
  fake: FakeStack,
  actions: Actions,
  request: IncomingMessage,
): Promise<Answered> {
  const body = await text(request);
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return answerJson(fake, target.split('.').at(-1) ?? '', body);
  const input = new URLSearchParams(body);
  const action = input.get('Action');
  if (action === null) {
    const url = request.url?.replace(/\?clientToken=.*/, '') ?? '';
    return answerJson(fake, `${request.method} ${url}`, body);
  }
  fake.calls.push(`cloudformation:${action}`);
  fake.onCall(action, input);
  try {
    const refusal = fake.refusals.get(action)?.shift();
    if (refusal !== undefined) throw new Refused(refusal);
    const made = actions[action]?.(input);
    if (made === undefined) throw new Refused(['InvalidAction', `no ${action} here`]);
    const result = `<${action}Result>${renderXml(made)}</${action}Result>`;
    return { status: 200, type: 'text/xml', body: { text: `<R>${result}</R>` } };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const [code, message, status = 400] = error.refusal;
    const inner = renderXml({ Error: { Type: 'Sender', Code: code, Message: message } });
    return { status, type: 'text/xml', body: { text: `<ErrorResponse>${inner}</ErrorResponse>` } };
  }
}

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal[1]);
    this.refusal = refusal;
  }
}

function answerJson(fake: FakeStack, name: string, body: string): Answered {
  const type = 'application/x-amz-json-1.1';
  fake.calls.push(name);
  const refusal = fake.refusals.get(name)?.shift();
  const [code, message, status = 400] = refusal ?? ['UnknownOperationException', `no ${name}`];
  const make = refusal === undefined ? fake.json.get(name) : undefined;
  if (make === undefined)
    return {
      status,
      type,
      body: { text: JSON.stringify({ __type: code, message }), type: code },
    };
  const made = make(body.startsWith('{') ? (JSON.parse(body) as Answer) : {});
  return { status: 200, type, body: { text: JSON.stringify(made) } };
}

function renderXml(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value))
    return value.map((one) => `<member>${renderXml(one)}</member>`).join('');
  if (typeof value !== 'object' || value === null) return escapeXml(String(value));
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([name, one]) => `<${name}>${renderXml(one)}</${name}>`)
    .join('');
}

function stackActions(fake: FakeStack): Actions {
  const events: Answer[] = [];
  const happen = ({
    id,
    type = 'AWS::ECS::Service',
    status,
    reason,
    physicalId,
  }: FakeEvent): void => {
    const isStack = id === 'metrics';
    events.unshift({
      EventId: `event-${events.length}`,
      StackId: STACK_ARN,
      LogicalResourceId: id,
      PhysicalResourceId: isStack ? STACK_ARN : (physicalId ?? `physical-${id}`),
      ResourceType: isStack ? 'AWS::CloudFormation::Stack' : type,
      ResourceStatus: status,
      ResourceStatusReason: reason,
      Timestamp: new Date(1_700_000_000_000 + events.length * 1_000),
    });
  };
  const begin = (status: string): void => {
    fake.status = status;
    happen({ id: 'metrics', status, reason: 'User Initiated' });
  };
  const moveOn = (): void => {
    if (fake.status?.endsWith('_IN_PROGRESS') !== true) return;
    if (fake.status === 'REVIEW_IN_PROGRESS') return;
    const step = fake.course.steps.shift();
    for (const event of step ?? []) happen(event);
    if (step === undefined) fake.status = fake.course.end;
  };
  let isWithout = false;
  return {
    DescribeStacks: (input) => {
      const id = input.get('StackName');
      if (fake.status === undefined && id !== STACK_ARN)
        throw new Refused(['ValidationError', 'Stack with id metrics does not exist']);
      moveOn();
      return {
        Stacks: [
          {
            StackId: STACK_ARN,
            StackName: 'metrics',
            StackStatus: fake.status ?? 'DELETE_COMPLETE',
            CreationTime: new Date(1_700_000_000_000),
            EnableTerminationProtection: fake.isProtected,
            Tags: fake.isForeign ? [] : [{ Key: 'amperage:deployment', Value: 'metrics' }],
            Outputs: [{ OutputKey: 'WorkspaceId', OutputValue: 'ws-0a1b' }],
          },
        ],
      };
    },
    DescribeStackEvents: () => ({ StackEvents: events }),
    ListStackResources: (input) => {
      const gone = fake.deleted.find(({ arn }) => arn === input.get('StackName'));
      return {
        StackResourceSummaries: (gone?.resources ?? fake.resources).map((one) => ({
          LogicalResourceId: one.id,
          PhysicalResourceId: one.physicalId,
          ResourceType: one.type,
          ResourceStatus: one.status ?? 'CREATE_COMPLETE',
          LastUpdatedTimestamp: new Date(1_700_000_000_000),
        })),
      };
    },
    ListStacks: () => ({
      StackSummaries: fake.deleted.map(({ arn }) => ({
        StackId: arn,
        StackName: 'metrics',
        CreationTime: new Date(1_700_000_000_000),
        StackStatus: 'DELETE_COMPLETE',
      })),
    }),
    GetTemplate: () => ({ TemplateBody: JSON.stringify(fake.template) }),
    CreateChangeSet: (input) => {
      isWithout = fake.changes === undefined;
      if (input.get('ChangeSetType') === 'CREATE') {
        fake.status = 'REVIEW_IN_PROGRESS';
        happen({ id: 'metrics', status: 'REVIEW_IN_PROGRESS' });
      }
      return { Id: 'arn:change-set', StackId: STACK_ARN };
    },
    DescribeChangeSet: () =>
      isWithout
        ? { Status: 'FAILED', StatusReason: "The submitted information didn't contain changes." }
        : {
            Status: 'CREATE_COMPLETE',
            Changes: fake.changes?.map((one) => ({ Type: 'Resource', ResourceChange: one })),
          },
    DeleteChangeSet: () => ({}),
    ExecuteChangeSet: () => {
      begin(fake.status === 'REVIEW_IN_PROGRESS' ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS');
      return {};
    },
    DeleteStack: () => {
      if (fake.status === 'REVIEW_IN_PROGRESS') fake.status = undefined;
      else begin('DELETE_IN_PROGRESS');
      return {};
    },
    DetectStackDrift: () => ({ StackDriftDetectionId: 'detection' }),
    DescribeStackDriftDetectionStatus: () => ({
      StackId: STACK_ARN,
      StackDriftDetectionId: 'detection',
      DetectionStatus: 'DETECTION_COMPLETE',
      Timestamp: new Date(1_700_000_000_000),
    }),
    DescribeStackResourceDrifts: () => ({
      StackResourceDrifts: [
        {
          StackId: STACK_ARN,
          LogicalResourceId: 'CollectorService',
          ResourceType: 'AWS::ECS::Service',
          StackResourceDriftStatus: 'MODIFIED',
          Timestamp: new Date(1_700_000_000_000),
          PropertyDifferences: [
            {
              PropertyPath: '/DesiredCount',
              ExpectedValue: '1',
              ActualValue: '3',
              DifferenceType: 'NOT_EQUAL',
            },
          ],
        },
      ],
    }),
  };
}
