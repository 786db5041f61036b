/** What calls answer of stacks, their resources and events, by the members of AWS's model. Pure. */
import { EpochTime } from '../../wire/cbor.ts';
import { cutStackPage, type Page } from './pages.ts';
import type { ResourceDrift } from './drift.ts';
import { RESOURCE_KINDS } from './resources/kinds.ts';
import type { EmulatedStack, StackEvent, StackResource } from './stack.ts';
import type { StackTemplate } from './template.ts';
import { listCapabilities } from './template-summary.ts';
import type { ChangeSet, DriftDetection } from './state.ts';
import type { AwsInput } from '../service.ts';

export function timeOf(ms: number | undefined): EpochTime | undefined {
  return ms === undefined ? undefined : new EpochTime(Math.round(ms) / 1_000);
}

export function showStack(stack: EmulatedStack): object {
  const { inputs, drift } = stack;
  return {
    StackId: stack.id,
    StackName: stack.name,
    ChangeSetId: stack.changeSetId,
    Description: inputs.template.description,
    Parameters: showParameters(stack.inputs),
    CreationTime: timeOf(stack.createdMs),
    DeletionTime: timeOf(stack.deletedMs),
    LastUpdatedTime: timeOf(stack.updatedMs),
    RollbackConfiguration: {},
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DisableRollback: stack.isRollbackDisabled,
    NotificationARNs: [],
    TimeoutInMinutes: stack.timeoutMinutes,
    Capabilities: inputs.capabilities,
    Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    RoleARN: inputs.roleArn,
    Tags: inputs.tags,
    EnableTerminationProtection: stack.isProtected,
    DriftInformation: {
      StackDriftStatus: drift.status,
      LastCheckTimestamp: timeOf(drift.checkedMs),
    },
  };
}

export function showParameters({ parameters }: EmulatedStack['inputs']): object[] {
  return Object.entries(parameters).map(([key, { text, value, isHidden, isStored }]) => ({
    ParameterKey: key,
    ParameterValue: isHidden ? '****' : text,
    ResolvedValue: isStored ? String(value) : undefined,
  }));
}

export function summarizeStack(stack: EmulatedStack): object {
  return {
    StackId: stack.id,
    StackName: stack.name,
    TemplateDescription: stack.inputs.template.description,
    CreationTime: timeOf(stack.createdMs),
    LastUpdatedTime: timeOf(stack.updatedMs),
    DeletionTime: timeOf(stack.deletedMs),
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DriftInformation: { StackDriftStatus: stack.drift.status },
  };
}

export function showEvent(event: StackEvent, { id, name }: EmulatedStack): object {
  return {
    StackId: id,
    EventId: event.eventId,
    StackName: name,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: timeOf(event.timestampMs),
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ResourceProperties: event.properties,
    ClientRequestToken: event.token,
  };
}

/** @param timeMember  its name differs from call to call */
export function showResource(
  resource: StackResource,
  timeMember: 'LastUpdatedTimestamp' | 'Timestamp',
): Record<string, unknown> {
  return {
    LogicalResourceId: resource.id,
    PhysicalResourceId: resource.made?.id,
    ResourceType: resource.type,
    [timeMember]: timeOf(resource.timestampMs),
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.reason,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}

export function showTemplateParameters({ parameters }: StackTemplate): object[] {
  return Object.entries(parameters).map(([key, { type, members }]) => ({
    ParameterKey: key,
    DefaultValue: asText(members['Default']),
    ParameterType: type,
    NoEcho: String(members['NoEcho']) === 'true',
    Description: asText(members['Description']),
    ParameterConstraints: Array.isArray(members['AllowedValues'])
      ? { AllowedValues: members['AllowedValues'].map(String) }
      : {},
  }));
}

function asText(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

export function summarizeTemplate(template: StackTemplate): Record<string, unknown> {
  const { capabilities, reason } = listCapabilities(template);
  return {
    Description: template.description,
    Capabilities: capabilities,
    CapabilitiesReason: reason,
    DeclaredTransforms: [],
  };
}

export function showChangeSet(changeSet: ChangeSet, input: AwsInput): object {
  const { stack, inputs } = changeSet;
  const { page, ...more }: Page<ChangeSet['changes'][number]> = cutStackPage(
    changeSet.changes,
    input,
  );
  return {
    ...summarizeChangeSet(changeSet),
    Parameters: showParameters(inputs),
    NotificationARNs: [],
    RollbackConfiguration: {},
    Capabilities: inputs.capabilities,
    Tags: inputs.tags,
    Changes: page.map(({ action, id, type, physicalId, isReplaced, names }) => ({
      Type: 'Resource',
      ResourceChange: {
        Action: action,
        LogicalResourceId: id,
        PhysicalResourceId: physicalId,
        ResourceType: type,
        Replacement: action === 'Modify' ? (isReplaced ? 'True' : 'False') : undefined,
        Scope: [
          ...(names.some((name) => name !== 'Tags') ? ['Properties'] : []),
          ...(names.includes('Tags') ? ['Tags'] : []),
        ],
        Details: names.map((name) => showDetail(name, type)),
      },
    })),
    IncludeNestedStacks: false,
    StackId: stack.id,
    ...more,
  };
}

function showDetail(name: string, type: string): object {
  const member = RESOURCE_KINDS.get(type)?.shape.members[name];
  const isTag = name === 'Tags';
  return {
    Target: {
      Attribute: isTag ? 'Tags' : 'Properties',
      Name: isTag ? undefined : name,
      RequiresRecreation: member?.isReplacing === true ? 'Always' : 'Never',
    },
    Evaluation: 'Static',
    ChangeSource: 'DirectModification',
  };
}

export function summarizeChangeSet(changeSet: ChangeSet): object {
  const { stack } = changeSet;
  return {
    ChangeSetName: changeSet.name,
    ChangeSetId: changeSet.id,
    StackId: stack.id,
    StackName: stack.name,
    Description: changeSet.description,
    CreationTime: timeOf(changeSet.createdMs),
    ExecutionStatus: changeSet.executionStatus,
    Status: changeSet.status,
    StatusReason: changeSet.reason,
  };
}

export function showDrift(
  { resource, status, actual, differences }: ResourceDrift,
  { stack, startedMs }: DriftDetection,
): object {
  const isChecked = actual !== undefined;
  const expected = Object.fromEntries(
    Object.entries(resource.properties).filter(([name]) => isChecked && name in actual),
  );
  return {
    StackId: stack.id,
    LogicalResourceId: resource.id,
    PhysicalResourceId: resource.made?.id,
    ResourceType: resource.type,
    ExpectedProperties: isChecked ? JSON.stringify(expected) : undefined,
    ActualProperties: isChecked ? JSON.stringify(actual) : undefined,
    PropertyDifferences: differences.map(({ path, expected: was, actual: is, kind }) => ({
      PropertyPath: path,
      ExpectedValue: asJson(was),
      ActualValue: asJson(is),
      DifferenceType: kind,
    })),
    StackResourceDriftStatus: status,
    Timestamp: timeOf(startedMs),
  };
}

function asJson(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
