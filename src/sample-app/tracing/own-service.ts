/**
 * What the application says of itself in each segment: its name and versions, and where it runs. On
 * ECS that is the container, as the plugin of the X-Ray SDK tells it, with what the task metadata
 * endpoint adds: the container's id and the log group, which X-Ray links to.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
import { readOwnContainer } from '../../aws/task-metadata.ts';
import { describeError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';

export interface OwnService {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly sdk: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** AWS::ECS::Container in an ECS task. */
  readonly origin?: string;
  readonly aws: Readonly<Record<string, unknown>>;
}

/** What is known without asking anyone. */
export type KnownService = Omit<OwnService, 'origin' | 'aws'> & { readonly hostName: string };

/** An answer that takes longer is done without. */
const TIMEOUT_MS = 5_000;

/** @param metadataUri  of the container's task metadata endpoint; undefined outside of ECS */
export async function describeOwnService(
  known: KnownService,
  metadataUri: string | undefined,
  { http, log }: Pick<World, 'http' | 'log'>,
): Promise<OwnService> {
  const { hostName, ...service } = known;
  if (metadataUri === undefined) return { ...service, aws: {} };
  const origin = 'AWS::ECS::Container';
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const container = await readOwnContainer(metadataUri, http, signal);
    const group = container.LogOptions?.['awslogs-group'];
    return {
      ...service,
      origin,
      aws: {
        ecs: { container: hostName, container_id: container.DockerId },
        ...(group === undefined ? {} : { cloudwatch_logs: [{ log_group: group }] }),
      },
    };
  } catch (error) {
    log.warn('traces do not say their container id: the task metadata endpoint did not answer', {
      error: describeError(error),
    });
    return { ...service, origin, aws: { ecs: { container: hostName } } };
  }
}
