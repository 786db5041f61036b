/** The container that collects: the same in a task of its own and beside an application. */
import type { Deployment } from '../schema.ts';
import type { AwsValue, Properties } from '../template.ts';
import { type ContainerParts, defineHealthCheck, defineOwnContainer } from './containers.ts';

/** The volume of the task that its queue is on. */
export const QUEUE_VOLUME = 'queue';
const STORAGE = '/var/lib/amperage';
/** Where the collector's own pages are. */
export const PAGES_PORT = 9_090;

export interface CollectorContainer extends Pick<
  ContainerParts,
  'environment' | 'isEssential' | 'more' | 'ports'
> {
  /** Where it reads its configuration: the value of `--config`. */
  readonly source: string;
  readonly flags?: readonly string[];
}

export function defineCollector(
  { collector, image, region }: Deployment,
  { source, flags = [], environment = {}, more = {}, ...parts }: CollectorContainer,
  logs: AwsValue,
): Properties {
  // A variable is as it is for as long as the process lives.
  const reload = source.startsWith('env:') ? [] : ['--config.auto-reload-interval', '1m'];
  return defineOwnContainer(
    {
      name: 'collector',
      image,
      command: [
        'amperage',
        'collect',
        '--config',
        source,
        ...reload,
        '--storage.path',
        STORAGE,
        '--stop-timeout',
        `${Math.max(1, collector.stop_timeout - 5)}s`,
        ...flags,
      ],
      environment: { ...collector.environment, AWS_REGION: region, ...environment },
      ...parts,
      more: {
        StopTimeout: collector.stop_timeout,
        MountPoints: [{ SourceVolume: QUEUE_VOLUME, ContainerPath: STORAGE, ReadOnly: false }],
        ...defineHealthCheck(PAGES_PORT),
        ...more,
      },
    },
    { group: logs, region },
  );
}
