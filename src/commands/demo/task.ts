/** The task of the demo: its containers are real processes, of which the emulator is told. */
import { randomBytes } from 'node:crypto';
import { RecoverableError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';

export interface DemoTask {
  readonly id: string;
  readonly family: string;
  readonly service: string;
}

export interface DemoContainer {
  readonly name: string;
  readonly image: string;
  /** Undefined before its process runs. */
  readonly pid: number | undefined;
  readonly ports: readonly number[];
}

export interface TaskPlace {
  readonly world: World;
  /** URL of the emulator. */
  readonly emulator: string;
  readonly cluster: string;
  readonly region: string;
  readonly signal: AbortSignal;
}

/** The container whose metadata URI the exporter reads. */
export const EXPORTER = 'ecs-exporter';

export function newTask(): DemoTask {
  return { id: randomBytes(16).toString('hex'), family: 'WebAppTask', service: 'WebAppService' };
}

/**
 * Tells the emulator which processes the task has, as the ECS agent would know them.
 *
 * @returns  the metadata URI of the exporter's container
 */
export async function registerTask(
  task: DemoTask,
  containers: readonly DemoContainer[],
  { world, emulator, cluster, region, signal }: TaskPlace,
): Promise<string> {
  const body = {
    cluster,
    family: task.family,
    revision: '1',
    availabilityZone: `${region}a`,
    serviceName: task.service,
    launchType: 'FARGATE',
    cpu: 1,
    memoryMiB: 1_024,
    containers,
  };
  const answer = await world.http.send({
    method: 'PUT',
    url: `${emulator}/_emulator/tasks/${task.id}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    timeoutMs: 5_000,
    bodyMaxBytes: 65_536,
    signal,
  });
  if (answer.status !== 200)
    throw new RecoverableError(
      'DEMO_FAILED',
      `the emulator refused the task: ${answer.body.toString()}`,
    );
  const { containers: made } = JSON.parse(answer.body.toString()) as {
    containers: { name: string; metadataUri: string }[];
  };
  const exporter = made.find(({ name }) => name === EXPORTER);
  if (exporter === undefined)
    throw new RecoverableError(
      'DEMO_FAILED',
      'the emulator does not know the exporter that it was told of',
    );
  return exporter.metadataUri;
}
