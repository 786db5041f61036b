/**
 * What ECS refuses of a task definition when it is registered. Pure.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 */
import { AwsError, type AwsInput } from '../service.ts';
import type { ContainerDefinition, TaskDefinition, Volume } from './shapes.ts';

const CONTAINERS_MAX = 10;
const CONDITIONS = ['START', 'COMPLETE', 'SUCCESS', 'HEALTHY'];
const NAME = /^[\w-]{1,255}$/;
const LOG_DRIVERS = [
  'json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'awsfirelens',
]; // prettier-ignore

/** Memory in MiB that Fargate has for so many units of CPU: from, to, in steps of. */
const FARGATE_SIZES: Readonly<Record<string, readonly [number, number, number]>> = {
  256: [512, 2_048, 512],
  512: [1_024, 4_096, 1_024],
  1024: [2_048, 8_192, 1_024],
  2048: [4_096, 16_384, 1_024],
  4096: [8_192, 30_720, 1_024],
  8192: [16_384, 61_440, 4_096],
  16384: [32_768, 122_880, 8_192],
};

/** The essential containers that have a health check decide about the health of a task. */
export function isChecked({ containerDefinitions }: TaskDefinition): boolean {
  return containerDefinitions.some(
    ({ essential = true, healthCheck }) => essential && healthCheck !== undefined,
  );
}

/** @throws AwsError ClientException, in ECS's words where they are known */
export function checkDefinition(input: AwsInput): void {
  const containers = (input['containerDefinitions'] ?? []) as readonly ContainerDefinition[];
  const volumes = (input['volumes'] ?? []) as readonly Volume[];
  const family = String(input['family'] ?? '');
  if (!NAME.test(family)) refuse('Family contains invalid characters.');
  if (!Array.isArray(containers) || containers.length === 0)
    refuse('TaskDefinition must contain at least one container definition.');
  if (containers.length > CONTAINERS_MAX)
    refuse(`TaskDefinition can have at most ${CONTAINERS_MAX} container definitions.`);
  if (new Set(containers.map(({ name }) => name)).size !== containers.length)
    refuse('Container.name is not unique in the task definition.');
  if (!containers.some(({ essential = true }) => essential))
    refuse('TaskDefinition must contain at least one essential container.');
  const names = new Set(volumes.map(({ name }) => name));
  for (const container of containers) {
    checkContainer(container, input);
    for (const { sourceVolume = '', containerPath } of container.mountPoints ?? [])
      if (!names.has(sourceVolume) || containerPath === undefined)
        refuse(`Unknown volume '${sourceVolume}'.`);
    checkOrder(container, containers);
  }
  const needed = (input['requiresCompatibilities'] ?? []) as readonly string[];
  if (needed.includes('FARGATE')) checkFargate(input, containers);
}

function checkContainer(container: ContainerDefinition, input: AwsInput): void {
  const { name, image, memory, memoryReservation, portMappings = [], secrets = [] } = container;
  if (typeof name !== 'string' || !NAME.test(name))
    refuse('Container.name contains invalid characters.');
  if (typeof image !== 'string' || image === '')
    refuse('Container.image should not be null or empty.');
  if (memory === undefined && memoryReservation === undefined && (input['memory'] ?? '') === '')
    refuse(
      `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' ` +
        'must be specified.',
    );
  for (const { containerPort, hostPort, protocol = 'tcp' } of portMappings) {
    for (const port of [containerPort, hostPort ?? 0])
      if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse(`Invalid port: ${port}.`);
    if (protocol !== 'tcp' && protocol !== 'udp') refuse(`Invalid protocol: ${protocol}.`);
    const isOfHost = ['awsvpc', 'host'].includes(String(input['networkMode']));
    if (isOfHost && (hostPort ?? 0) !== 0 && hostPort !== containerPort)
      refuse(
        'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
      );
  }
  for (const one of secrets)
    if ((one.valueFrom ?? '') === '' || (one.name ?? '') === '')
      refuse('The secret name and valueFrom must be specified.');
  if (secrets.length > 0 && (input['executionRoleArn'] ?? '') === '')
    refuse(
      'When you are specifying container secrets, you must also specify a value for ' +
        "'executionRoleArn'.",
    );
  const driver = container.logConfiguration?.logDriver;
  if (driver !== undefined && !LOG_DRIVERS.includes(driver))
    refuse(`Log driver ${driver} is not supported; these are: ${LOG_DRIVERS.join(', ')}.`);
  checkHealthCheck(container);
}

function checkHealthCheck({ healthCheck }: ContainerDefinition): void {
  if (healthCheck === undefined) return;
  const { command, interval = 30, timeout = 5, retries = 3, startPeriod = 0 } = healthCheck;
  const isBetween = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  if (!Array.isArray(command) || !['CMD', 'CMD-SHELL', 'NONE'].includes(command[0] ?? ''))
    refuse('The health check command must begin with CMD or CMD-SHELL.');
  if (!isBetween(interval, 5, 300)) refuse('The health check interval must be from 5 to 300.');
  if (!isBetween(timeout, 2, 60)) refuse('The health check timeout must be from 2 to 60.');
  if (!isBetween(retries, 1, 10)) refuse('The health check retries must be from 1 to 10.');
  if (!isBetween(startPeriod, 0, 300))
    refuse('The health check startPeriod must be from 0 to 300.');
}

function checkOrder(
  { name, dependsOn = [] }: ContainerDefinition,
  all: readonly ContainerDefinition[],
): void {
  for (const { containerName, condition } of dependsOn) {
    const other = all.find((one) => one.name === containerName);
    if (other === undefined || other.name === name)
      refuse(`Invalid dependsOn: container '${containerName}' is not in the task definition.`);
    if (!CONDITIONS.includes(condition))
      refuse(`Invalid dependsOn condition '${condition}'; these are: ${CONDITIONS.join(', ')}.`);
    if (condition === 'HEALTHY' && other?.healthCheck === undefined)
      refuse(`Container '${containerName}' needs a health check for the condition HEALTHY.`);
    const isToEnd = condition === 'COMPLETE' || condition === 'SUCCESS';
    if (isToEnd && (other?.essential ?? true))
      refuse(`An essential container can not be waited for with the condition ${condition}.`);
  }
  if (isCircular(name, all)) refuse('The dependsOn of containers is circular.');
}

function isCircular(name: string, all: readonly ContainerDefinition[]): boolean {
  const seen = new Set<string>();
  const visit = (one: string): boolean =>
    (all.find((container) => container.name === one)?.dependsOn ?? []).some(({ containerName }) => {
      if (containerName === name) return true;
      if (seen.has(containerName)) return false;
      seen.add(containerName);
      return visit(containerName);
    });
  return visit(name);
}

function checkFargate(input: AwsInput, containers: readonly ContainerDefinition[]): void {
  if (input['networkMode'] !== 'awsvpc') refuse('Fargate only supports network mode ‘awsvpc’.');
  const [cpu, memory] = [readUnits(input['cpu'], 1_024), readUnits(input['memory'], 1_024)];
  if (cpu === undefined || memory === undefined)
    refuse("Fargate requires that 'cpu' and 'memory' be defined at the task level.");
  const [least, most, step] = FARGATE_SIZES[cpu ?? 0] ?? [0, 0, 1];
  const fits = memory !== undefined && memory >= least && memory <= most && memory % step === 0;
  // The smallest size has 512, 1,024 and 2,048 MiB.
  if (!fits || (cpu === 256 && memory === 1_536))
    refuse('No Fargate configuration exists for given values.');
  for (const { logConfiguration } of containers)
    if (!['awslogs', 'splunk', 'awsfirelens', undefined].includes(logConfiguration?.logDriver))
      refuse(`Log driver ${logConfiguration?.logDriver ?? ''} is not supported on Fargate.`);
  const driven = containers.some(
    ({ logConfiguration }) => logConfiguration?.logDriver === 'awslogs',
  );
  if (driven && (input['executionRoleArn'] ?? '') === '')
    refuse(
      'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
    );
}

/** `256`, `.25 vCPU`, `0.5 GB`. */
function readUnits(given: unknown, perUnit: number): number | undefined {
  const [, number, unit] = /^\s*([\d.]+)\s*(vcpu|gb)?\s*$/i.exec(String(given ?? '')) ?? [];
  return number === undefined ? undefined : Number(number) * (unit === undefined ? 1 : perUnit);
}

function refuse(message: string): never {
  throw new AwsError('ClientException', message);
}
