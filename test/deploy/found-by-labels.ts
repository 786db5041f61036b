/** What discovery makes of a container of a template, by its docker labels. */
import { pickDefinitionFacts } from '../../src/discovery/ecs/facts.ts';
import { DEFAULT_DOCKER_LABELS } from '../../src/discovery/ecs/rules.ts';
import { judge } from '../../src/discovery/ecs/targets.ts';

export interface LabelledContainer {
  readonly Name: string;
  readonly DockerLabels?: Record<string, string>;
  readonly PortMappings?: readonly { readonly ContainerPort: number }[];
}

/**
 * @param ip  of its task, or of its instance
 * @returns the address of the target; undefined where the container is none
 */
export function findByLabels(
  { Name: name, DockerLabels = {}, PortMappings = [] }: LabelledContainer,
  networkMode: 'awsvpc' | 'host',
  ip: string,
): string | undefined {
  const isOfTask = networkMode === 'awsvpc';
  const interfaces = isOfTask ? { networkInterfaces: [{ privateIpv4Address: ip }] } : {};
  const [verdict] = judge(
    {
      region: 'eu-west-1',
      cluster: {},
      task: { lastStatus: 'RUNNING', containers: [{ name, ...interfaces }] },
      definition: pickDefinitionFacts({
        networkMode,
        containerDefinitions: [
          {
            name,
            dockerLabels: DockerLabels,
            portMappings: PortMappings.map(({ ContainerPort: containerPort }) => ({
              containerPort,
            })),
          },
        ],
      }),
      containerInstance: undefined,
      ec2: isOfTask ? undefined : { PrivateIpAddress: ip },
      service: undefined,
      networkInterface: undefined,
    },
    {
      profile: 'meta',
      rules: {
        services: [],
        definitions: [],
        dockerLabels: DEFAULT_DOCKER_LABELS,
        isDynamic: false,
      },
      dropUnhealthy: false,
      jobLabel: 'job',
    },
  );
  return verdict?.target?.['__address__'];
}
