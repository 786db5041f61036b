/** Actions that tell of stacks, templates, exports and drift, and change nothing. */
import { randomUUID } from 'node:crypto';
import type { ActionHandler, AwsInput, CallContext } from '../service.ts';
import {
  showDrift,
  showEvent,
  showResource,
  showStack,
  showTemplateParameters,
  summarizeStack,
  summarizeTemplate,
  timeOf,
} from './answers.ts';
import { requireChangeSet } from './change-set-actions.ts';
import { DRIFT_STATES, judgeWords, STACK_STATES } from './constraints.ts';
import { detectDrift } from './drift.ts';
import type { CloudFormationEdges } from './edges.ts';
import {
  invalidStack,
  listOfInput,
  optionalText,
  readTemplateBody,
  requireName,
} from './inputs.ts';
import { cutStackPage } from './pages.ts';
import { isResourceGone } from './resource-steps.ts';
import { createSite, describeFailure } from './site.ts';
import { asDeployer, type EmulatedStack } from './stack.ts';
import type { CloudFormationState, DriftDetection } from './state.ts';
import { judgeTemplate } from './template-summary.ts';
import type { StackTemplate } from './template.ts';

export function describeActions(edges: CloudFormationEdges): Record<string, ActionHandler> {
  const { state } = edges;
  const stackOf = (input: AwsInput): EmulatedStack =>
    state.require(requireName(input, 'StackName'));
  const templateOf = (input: AwsInput, context: CallContext): StackTemplate => {
    const text = readTemplateBody(input, { ...edges, context });
    if (text !== undefined) return judgeTemplate(text);
    const name = optionalText(input, 'StackName');
    if (name !== undefined) return state.require(name).inputs.template;
    throw invalidStack('Either Template URL or Template Body must be specified.');
  };
  return {
    DescribeStacks: (input) => {
      const name = optionalText(input, 'StackName');
      const all = [...state.stacks.values()].filter(({ isDeleted }) => !isDeleted).toReversed();
      const { page, ...more } = cutStackPage(
        name === undefined ? all : [state.require(name)],
        input,
      );
      return { Stacks: page.map(showStack), ...more };
    },
    DescribeStackEvents: (input) => {
      const stack = stackOf(input);
      const { page, ...more } = cutStackPage(stack.events, input);
      return { StackEvents: page.map((event) => showEvent(event, stack)), ...more };
    },
    DescribeStackResource: (input) => {
      const stack = stackOf(input);
      const id = requireName(input, 'LogicalResourceId');
      const found = stack.resources.get(id);
      if (found === undefined)
        throw invalidStack(`Resource ${id} does not exist for stack ${stack.name}`);
      return {
        StackResourceDetail: {
          StackName: stack.name,
          StackId: stack.id,
          ...showResource(found, 'LastUpdatedTimestamp'),
          Metadata: JSON.stringify(found.metadata ?? {}),
        },
      };
    },
    DescribeStackResources: (input) => ({ StackResources: describeResources(input, state) }),
    ListStackResources: (input) => {
      const { page, ...more } = cutStackPage([...stackOf(input).resources.values()], input);
      const summaries = page.map((one) => showResource(one, 'LastUpdatedTimestamp'));
      return { StackResourceSummaries: summaries, ...more };
    },
    ListStacks: (input) => {
      const states = judgeWords(
        listOfInput(input, 'StackStatusFilter').map(String),
        'StackStatusFilter',
        STACK_STATES,
      );
      const all = [...state.stacks.values()]
        .filter(({ status }) => states.length === 0 || states.includes(status))
        .toReversed();
      const { page, ...more } = cutStackPage(all, input);
      return { StackSummaries: page.map(summarizeStack), ...more };
    },
    GetTemplate: (input) => {
      const isOfSet = optionalText(input, 'ChangeSetName') !== undefined;
      const { template } = (isOfSet ? requireChangeSet(input, state) : stackOf(input)).inputs;
      return { TemplateBody: template.text, StagesAvailable: ['Original', 'Processed'] };
    },
    GetTemplateSummary: (input, call) => {
      const template = templateOf(input, call);
      const types = Object.values(template.resources).map(({ type }) => type);
      return {
        Parameters: showTemplateParameters(template),
        ...summarizeTemplate(template),
        ResourceTypes: [...new Set(types)],
        Version: '2010-09-09',
        Metadata: template.metadata === undefined ? undefined : JSON.stringify(template.metadata),
      };
    },
    ValidateTemplate: (input, call) => {
      const template = templateOf(input, call);
      return { Parameters: showTemplateParameters(template), ...summarizeTemplate(template) };
    },
    ListExports: (input) => {
      const all = [...state.listExports()].map(([Name, { stack, value }]) => ({
        ExportingStackId: stack.id,
        Name,
        Value: value,
      }));
      const { page, ...more } = cutStackPage(all, input);
      return { Exports: page, ...more };
    },
    ListImports: (input) => {
      const name = requireName(input, 'ExportName');
      const users = state.listImports(name);
      if (users.length === 0) throw invalidStack(`Export '${name}' is not imported by any stack.`);
      const { page, ...more } = cutStackPage(
        users.map((stack) => stack.name),
        input,
      );
      return { Imports: page, ...more };
    },
    DescribeAccountLimits: () => ({ AccountLimits: [{ Name: 'StackLimit', Value: 2_000 }] }),
  };
}

/** The stack that a resource belongs to. */
export function findByResource(
  physical: string,
  state: CloudFormationState,
): EmulatedStack | undefined {
  return [...state.stacks.values()].find(({ resources }) =>
    [...resources.values()].some((one) => one.made?.id === physical && !isResourceGone(one)),
  );
}

function describeResources(input: AwsInput, state: CloudFormationState): object[] {
  const physical = optionalText(input, 'PhysicalResourceId');
  const logical = optionalText(input, 'LogicalResourceId');
  if (physical !== undefined && optionalText(input, 'StackName') !== undefined)
    throw invalidStack('Only one of StackName or PhysicalResourceId can be specified.');
  const stack =
    physical === undefined
      ? state.require(requireName(input, 'StackName'))
      : findByResource(physical, state);
  if (stack === undefined) throw invalidStack(`Stack for ${String(physical)} does not exist`);
  return [...stack.resources.values()]
    .filter(({ id }) => logical === undefined || id === logical)
    .map((one) => ({
      StackName: stack.name,
      StackId: stack.id,
      ...showResource(one, 'Timestamp'),
    }));
}

export function driftActions({ state }: CloudFormationEdges): Record<string, ActionHandler> {
  return {
    DetectStackDrift: (input, context) => {
      const stack = state.require(requireName(input, 'StackName'));
      const detection: DriftDetection = {
        id: randomUUID(),
        stack,
        startedMs: state.clock.nowMs(),
        status: 'DETECTION_IN_PROGRESS',
        drifts: [],
      };
      state.addDetection(detection);
      const deployer = asDeployer(context, stack.inputs.roleArn);
      const { clock, place } = state;
      detectDrift(stack, ({ id: logicalId }) =>
        createSite({
          call: (service, action, members) => state.call(deployer, service, action, members),
          clock,
          place,
          stack,
          logicalId,
          tags: stack.inputs.tags,
          signal: state.stopping,
        }),
      ).then(
        (drifts) => {
          detection.drifts = drifts;
          detection.status = 'DETECTION_COMPLETE';
          const isDrifted = drifts.some(({ status }) => /DELETED|MODIFIED/.test(status));
          stack.drift = { status: isDrifted ? 'DRIFTED' : 'IN_SYNC', checkedMs: clock.nowMs() };
        },
        (error: unknown) => {
          detection.status = 'DETECTION_FAILED';
          detection.reason = describeFailure(error);
        },
      );
      return { StackDriftDetectionId: detection.id };
    },
    DescribeStackDriftDetectionStatus: (input) => {
      const id = requireName(input, 'StackDriftDetectionId');
      const found = state.detections.get(id);
      if (found === undefined) throw invalidStack(`DriftDetectionId ${id} does not exist`);
      const { stack, status, reason, startedMs, drifts } = found;
      return {
        StackId: stack.id,
        StackDriftDetectionId: id,
        StackDriftStatus: status === 'DETECTION_COMPLETE' ? stack.drift.status : undefined,
        DetectionStatus: status,
        DetectionStatusReason: reason,
        DriftedStackResourceCount: drifts.filter((one) => /DELETED|MODIFIED/.test(one.status))
          .length,
        Timestamp: timeOf(startedMs),
      };
    },
    DescribeStackResourceDrifts: (input) => {
      const stack = state.require(requireName(input, 'StackName'));
      const wanted = judgeWords(
        listOfInput(input, 'StackResourceDriftStatusFilters').map(String),
        'StackResourceDriftStatusFilters',
        DRIFT_STATES,
      );
      const last = [...state.detections.values()].findLast((one) => one.stack === stack);
      const drifts = (last?.drifts ?? []).filter(
        ({ status }) => wanted.length === 0 || wanted.includes(status),
      );
      const { page, ...more } = cutStackPage(drifts, input);
      const shown = page.map((one) => showDrift(one, last as DriftDetection));
      return { StackResourceDrifts: shown, ...more };
    },
  };
}
