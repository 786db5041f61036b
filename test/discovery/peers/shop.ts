/**
 * The containers, tasks and rules of both ecsobserver and the CloudWatch agent, whose rules are the
 * same.
 */
import type { DefinitionFacts } from '../../../src/discovery/ecs/facts.ts';
import type { Rules } from '../../../src/discovery/ecs/rules.ts';
import { ACCOUNT } from '../task-kinds.ts';
import { mapped, withContainers } from './peer.ts';

export const PORT = 'ECS_PROMETHEUS_EXPORTER_PORT';
export const PATH = 'ECS_PROMETHEUS_METRICS_PATH';
export const JOB = 'ECS_PROMETHEUS_JOB_NAME';

const app = {
  name: 'app',
  image: 'shop/app:1',
  ...mapped(3000, 9102),
  dockerLabels: {
    [PORT]: '3000',
    [PATH]: '/stats',
    [JOB]: 'app-job',
    'com.example/team': 'a',
    LaunchType: 'mine',
  },
};
const side = {
  name: 'side',
  image: 'shop/side:1',
  ...mapped(9404),
  dockerLabels: { [PORT]: '9404', job: 'by-label', empty: '' },
};
/** Found by a rule on its service without a path, and by its docker label with the default path. */
const twice = {
  name: 'twice',
  image: 'shop/twice:1',
  ...mapped(9700),
  dockerLabels: { [PORT]: '9700', [PATH]: '/metrics' },
};
const unmapped = { name: 'unmapped', image: 'shop/u:1', dockerLabels: { [PORT]: '9500' } };
const forced = {
  name: 'forced',
  image: 'shop/f:1',
  ...mapped(9600),
  dockerLabels: { FORCED_PORT: '9600', [JOB]: 'mine' },
};
const hijacked = {
  name: 'hijacked',
  image: 'shop/h:1',
  ...mapped(9800),
  dockerLabels: { [PORT]: '9800', __address__: '169.254.169.254:80' },
};

const solo = withContainers('standalone', [side]);
export const tasks = [
  withContainers('fargate', [app, side, twice, unmapped, forced, hijacked]),
  withContainers('ec2Bridge', [side]),
  withContainers('ec2Awsvpc', [side]),
  withContainers('managedInstance', [side]),
  {
    ...solo,
    definition: {
      ...(solo.definition as DefinitionFacts),
      arn: `${ACCOUNT}:task-definition/solo:1`,
      family: 'solo',
      revision: '1',
    },
  },
  withContainers('pending', [side]),
  withContainers('ipv6Only', [side]),
  withContainers('ec2AwsvpcIPv6', [side]),
];

export const rules: Rules = {
  services: [{ name_pattern: '^we', metrics_ports: [9102, 9700], job_name: 'svc' }],
  definitions: [{ arn_pattern: 'definition/solo', metrics_ports: [9404], job_name: 'td' }],
  dockerLabels: [
    { port_label: PORT, metrics_path_label: PATH, job_name_label: JOB },
    { port_label: 'FORCED_PORT', job_name_label: JOB, job_name: 'forced' },
  ],
  isDynamic: false,
};
