/**
 * MSK (Managed Streaming for Apache Kafka): clusters and their nodes, to be listed and described.
 * Source: https://docs.aws.amazon.com/msk/1.0/apireference/
 * Limit: CLUSTERS_MAX clusters, NODES_MAX nodes in each.
 */
import { needOn, textOf } from './access.ts';
import {
  AwsError,
  type AwsInput,
  type JsonService,
  parseToken,
  type AwsPlace,
  requireText,
} from './service.ts';

export interface EmulatedKafkaCluster {
  readonly name: string;
  /** A serverless cluster has no nodes. */
  readonly type?: 'PROVISIONED' | 'SERVERLESS';
  readonly state?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Absent where the cluster has no configuration of its own. */
  readonly configuration?: { readonly arn: string; readonly revision: number };
  /** Which exporters open monitoring starts; absent without open monitoring. */
  readonly monitoring?: { readonly jmx: boolean; readonly node: boolean };
  /** The endpoints of each broker. */
  readonly brokers?: readonly (readonly string[])[];
  /** The endpoints of each controller, with KRaft. */
  readonly controllers?: readonly (readonly string[])[];
}

const CLUSTERS_MAX = 1_000;
const NODES_MAX = 1_000;

export class KafkaState {
  /** By ARN. */
  readonly clusters = new Map<string, EmulatedKafkaCluster>();
  readonly #place: AwsPlace;

  constructor(place: AwsPlace) {
    this.#place = place;
  }

  arnOf(name: string): string {
    const id = Buffer.from(name).toString('hex').padEnd(8, '0');
    const { accountId, region } = this.#place;
    return `arn:aws:kafka:${region}:${accountId}:cluster/${name}/${id}-1`;
  }

  /**
   * Puts a cluster, or replaces the one of that name. Returns its ARN.
   *
   * @throws AwsError
   */
  put(cluster: EmulatedKafkaCluster): string {
    const arn = this.arnOf(cluster.name);
    if (!this.clusters.has(arn) && this.clusters.size >= CLUSTERS_MAX)
      throw new AwsError('TooManyRequestsException', `there are ${CLUSTERS_MAX} clusters already`);
    const nodes = (cluster.brokers?.length ?? 0) + (cluster.controllers?.length ?? 0);
    if (nodes > NODES_MAX)
      throw new AwsError('BadRequestException', `a cluster has at most ${NODES_MAX} nodes`);
    this.clusters.set(arn, cluster);
    return arn;
  }
}

export function createKafka(state: KafkaState): JsonService {
  /** @throws AwsError */
  const find = (input: AwsInput): [string, EmulatedKafkaCluster] => {
    const arn = requireText(input, 'clusterArn');
    if (!arn.startsWith('arn:'))
      throw new AwsError('BadRequestException', 'One or more of the parameters are not valid.');
    const found = state.clusters.get(arn);
    if (found === undefined)
      throw new AwsError('NotFoundException', `The requested resource doesn't exist.`, 404);
    return [arn, found];
  };
  return {
    signingName: 'kafka',
    target: 'kafka',
    access: needOn('kafka', 'DescribeClusterV2 ListNodes', (input) => textOf(input, 'clusterArn')),
    actions: {
      ListClustersV2: (input) => {
        const { clusterTypeFilter: type, clusterNameFilter: prefix = '' } = input;
        const fitting = [...state.clusters].filter(
          ([, one]) =>
            (type === undefined || type === typeOf(one)) && one.name.startsWith(String(prefix)),
        );
        const { page, ...more } = cutKafkaPage(fitting, input);
        return { clusterInfoList: page.map((one) => describeCluster(...one)), ...more };
      },
      DescribeClusterV2: (input) => ({ clusterInfo: describeCluster(...find(input)) }),
      ListNodes: (input) => {
        const [arn, cluster] = find(input);
        const { page, ...more } = cutKafkaPage(describeNodes(arn, cluster), input);
        return { nodeInfoList: page, ...more };
      },
    },
  };
}

function typeOf({ type = 'PROVISIONED' }: EmulatedKafkaCluster): string {
  return type;
}

function describeCluster(arn: string, cluster: EmulatedKafkaCluster): object {
  const { name, state = 'ACTIVE', tags = {}, configuration, monitoring } = cluster;
  const type = typeOf(cluster);
  const shared = {
    clusterArn: arn,
    clusterName: name,
    clusterType: type,
    creationTime: '2026-01-01T00:00:00.000Z',
    currentVersion: 'K3P5ROKL5A1OLE',
    state,
    tags,
  };
  if (type === 'SERVERLESS') return { ...shared, serverless: {} };
  const openMonitoring = monitoring && {
    prometheus: {
      jmxExporter: { enabledInBroker: monitoring.jmx },
      nodeExporter: { enabledInBroker: monitoring.node },
    },
  };
  return {
    ...shared,
    provisioned: {
      numberOfBrokerNodes: cluster.brokers?.length ?? 0,
      currentBrokerSoftwareInfo: {
        kafkaVersion: '3.9.x',
        configurationArn: configuration?.arn,
        configurationRevision: configuration?.revision,
      },
      openMonitoring,
    },
  };
}

function describeNodes(arn: string, { brokers = [], controllers = [] }: EmulatedKafkaCluster) {
  const shared = (kind: string, at: number): object => ({
    addedToClusterTime: '2026-01-01T00:00:00.000Z',
    instanceType: 'm7g.large',
    nodeARN: `${arn.replace(':cluster/', `:${kind}/`)}/${at}`,
  });
  return [
    ...brokers.map((endpoints, index) => ({
      ...shared('broker', index + 1),
      nodeType: 'BROKER',
      brokerNodeInfo: {
        attachedENIId: `eni-${index + 1}`,
        brokerId: index + 1,
        clientSubnet: 'subnet-0aa',
        clientVpcIpAddress: `10.0.0.${index + 1}`,
        endpoints,
      },
    })),
    ...controllers.map((endpoints, index) => ({
      ...shared('controller', index + 1),
      controllerNodeInfo: { endpoints },
    })),
  ];
}

/** Cuts one page, by maxResults (1 to 100) and nextToken. @throws AwsError */
function cutKafkaPage<One>(
  items: readonly One[],
  { maxResults = 100, nextToken }: AwsInput,
): { readonly page: readonly One[]; readonly nextToken?: string } {
  const most = Number(maxResults);
  const start = parseToken(nextToken);
  if (start === undefined || !(most >= 1 && most <= 100))
    throw new AwsError('BadRequestException', 'One or more of the parameters are not valid.');
  const page = items.slice(start, start + most);
  const end = start + most;
  return end < items.length
    ? { page, nextToken: Buffer.from(String(end)).toString('base64') }
    : { page };
}
