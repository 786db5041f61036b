/**
 * The targets of prometheus-ecs-discovery.
 * Source: https://github.com/teralytics/prometheus-ecs-discovery/blob/a5a5a04/main.go
 */
import { ACCOUNT } from '../task-kinds.ts';
import { type Labels, mapped, type Peer, withContainers } from './peer.ts';

const found = {
  name: 'found',
  image: 'shop/found:1',
  ...mapped(3000),
  dockerLabels: {
    PROMETHEUS_EXPORTER_PORT: '3000',
    PROMETHEUS_EXPORTER_PATH: '/stats',
    PROMETHEUS_EXPORTER_SCHEME: 'https',
    PROMETHEUS_EXPORTER_JOB_NAME: 'shop',
  },
};
const plain = {
  name: 'plain',
  image: 'shop/plain:1',
  ...mapped(9404),
  dockerLabels: { PROMETHEUS_EXPORTER_PORT: '9404', PROMETHEUS_EXPORTER_PATH: '' },
};
const named = {
  name: 'named',
  image: 'shop/named:1',
  dockerLabels: {
    PROMETHEUS_EXPORTER_PORT: '9500',
    PROMETHEUS_EXPORTER_SERVER_NAME: 'shop.example//',
  },
};
const several = {
  name: 'several',
  image: 'shop/several:1',
  dockerLabels: { PROMETHEUS_EXPORTER_PORT: '9600,9601' },
};

function ofTeralytics(id: string, container: string, more: Labels = {}): Labels {
  return {
    task_arn: `${ACCOUNT}:task/prod/${id}`,
    task_name: 'shop',
    task_revision: '7',
    task_group: 'service:web',
    cluster_arn: `${ACCOUNT}:cluster/prod`,
    container_name: container,
    container_arn: `arn-of-${container}`,
    docker_image: `shop/${container}:1`,
    ...more,
  };
}
const FOUND = { __metrics_path__: '/stats', __scheme__: 'https', job: 'shop' };

export const ecsDiscovery: Peer = {
  profile: 'prometheus-ecs-discovery',
  rules: {
    services: [],
    definitions: [],
    dockerLabels: [
      {
        port_label: 'PROMETHEUS_EXPORTER_PORT',
        metrics_path_label: 'PROMETHEUS_EXPORTER_PATH',
        scheme_label: 'PROMETHEUS_EXPORTER_SCHEME',
        server_name_label: 'PROMETHEUS_EXPORTER_SERVER_NAME',
        job_name_label: 'PROMETHEUS_EXPORTER_JOB_NAME',
      },
    ],
    isDynamic: false,
  },
  tasks: [
    withContainers('fargate', [found, plain, named, several]),
    withContainers('ec2Bridge', [found]),
    withContainers('externalWithAddress', [found]),
    withContainers('pending', [plain]),
    withContainers('ipv6Only', [plain]),
  ],
  theirs: {
    'fargate found 10.0.0.1:3000': ofTeralytics('fargate', 'found', FOUND),
    'fargate plain 10.0.0.1:9404': ofTeralytics('fargate', 'plain'),
    'fargate named shop.example:9500': ofTeralytics('fargate', 'named'),
    'ec2Bridge found 10.1.0.1:33000': ofTeralytics('bridge', 'found', FOUND),
    'pending plain 10.0.0.1:9404': ofTeralytics('pending', 'plain'),
  },
  differences: [
    'fargate several 10.0.0.1:9600: none → a target',
    'fargate several 10.0.0.1:9601: none → a target',
    'externalWithAddress found 192.168.0.9:33000: none → a target',
    'pending plain 10.0.0.1:9404: a target → none',
    'ipv6Only plain [2001:db8::7]:9404: none → a target',
  ],
};
