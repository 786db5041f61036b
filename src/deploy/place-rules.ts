/**
 * What of a model does not go with where its collector runs: keys that would do nothing there, and
 * what AWS does not have. Pure.
 */
import type { CollectorModel, TaskSize } from './collector-schema.ts';

type Fault = readonly [path: readonly (number | string)[], message: string];

interface Model {
  readonly collector: CollectorModel;
  readonly network: {
    readonly vpc?: string | undefined;
    readonly subnets: readonly string[];
    readonly route_tables: readonly string[];
    readonly create: boolean;
    readonly public: boolean;
    readonly endpoints: boolean;
  };
  readonly cluster: {
    readonly create: boolean;
    readonly instances?: object | undefined;
    readonly node_exporter?: object | undefined;
  };
  readonly cloudwatch?: object | undefined;
  readonly services: readonly (TaskSize & { readonly port: number; readonly traces: boolean })[];
  readonly discovery: string;
  readonly namespace: { readonly id?: string | undefined; readonly isNamed: boolean };
  readonly traces: boolean;
}

/** The faults of a whole model that follow from mode and launch of its collector. */
export function listPlaceFaults(model: Model): Fault[] {
  const { mode, launch } = model.collector;
  return [
    ...(launch === 'external' ? listExternalFaults(model) : listNetworkFaults(model)),
    ...(mode === 'sidecar' ? listSidecarFaults(model) : []),
    ...(mode === 'sidecar' || launch === 'external' ? [] : listRegistryFaults(model)),
  ];
}

/** A namespace in which no part of the model would be, and none looks for one. */
function listRegistryFaults(model: Model): Fault[] {
  const { collector, traces, discovery, services, cluster } = model;
  const hasTargets = services.length > 0 || cluster.node_exporter !== undefined;
  const isSearched = collector.configuration === undefined || hasTargets;
  const isNeeded = traces || (discovery === 'cloud-map' && isSearched);
  return keep([!isNeeded && refuseNamespace(model, 'nothing is registered in it')]);
}

function refuseNamespace({ namespace: { id, isNamed } }: Model, why: string): Fault | false {
  const isGiven = id !== undefined || isNamed;
  const key = id === undefined ? 'name' : 'id';
  return isGiven && [['namespace', key], `${why}: leave namespace out`];
}

const keep = (faults: readonly (Fault | false)[]): Fault[] =>
  faults.filter((fault) => fault !== false);

/** Where tasks have addresses in a VPC. */
function listNetworkFaults({ collector: { launch }, network, cluster }: Model): Fault[] {
  return keep([
    network.vpc === undefined &&
      !network.create && [['network'], 'give either vpc and subnets, or create: true'],
    launch === 'ec2' &&
      cluster.create &&
      cluster.instances === undefined && [
        ['cluster', 'instances'],
        'a new cluster has no instances: say which, or name a cluster that has some',
      ],
    launch === 'managed' &&
      cluster.instances !== undefined && [
        ['cluster', 'instances'],
        'launch: managed has instances of its own, which ECS chooses: leave instances out',
      ],
    launch !== 'fargate' &&
      network.public && [
        ['network', 'public'],
        'tasks on instances get no public address: choose private subnets with a way out',
      ],
  ]);
}

function isUsed(network: Model['network']): boolean {
  const { vpc, subnets, route_tables: tables } = network;
  const isOn = network.create || network.public || network.endpoints;
  return isOn || vpc !== undefined || subnets.length > 0 || tables.length > 0;
}

/** On machines outside of AWS there are no VPC, no Cloud Map and no instances. */
function listExternalFaults(model: Model): Fault[] {
  const { network, collector } = model;
  return keep([
    isUsed(network) && [
      ['network'],
      'launch: external runs on machines of yours, which are in no VPC: leave network out',
    ],
    model.cluster.create && [
      ['cluster'],
      'the service waits for a machine, which is registered with a cluster before: name one that ' +
        'has some, with create: false',
    ],
    model.services.length > 0 && [
      ['services'],
      'a collector outside of the VPC does not reach tasks on Fargate: give services a model of ' +
        'their own',
    ],
    model.discovery === 'cloud-map' &&
      collector.configuration === undefined && [
        ['discovery'],
        'tasks outside of AWS are not in Cloud Map: choose docker-labels, or give ' +
          'collector.configuration',
      ],
    model.cluster.node_exporter !== undefined && [
      ['cluster', 'node_exporter'],
      'it runs on instances of EC2: run it on machines of yours as they run other programs',
    ],
    refuseNamespace(model, 'tasks outside of AWS are not registered'),
    model.traces && [
      ['traces'],
      'no name leads applications to a machine of yours: leave traces out, and give ' +
        'collector.configuration a receiver of segments',
    ],
  ]);
}

/** What goes with a collector that is a service, and not with one in each task. */
function listSidecarFaults(model: Model): Fault[] {
  const { collector, services } = model;
  const faults: (Fault | false)[] = [
    services.length === 0 && [
      ['services'],
      'a sidecar runs beside a service: name one, or choose mode: central',
    ],
    model.discovery !== 'cloud-map' && [
      ['discovery'],
      'a sidecar scrapes its own task and finds no others: leave discovery out',
    ],
    model.cluster.node_exporter !== undefined && [
      ['cluster', 'node_exporter'],
      'a sidecar scrapes its own task alone: leave it out, or choose mode: central',
    ],
    model.cloudwatch !== undefined && [
      ['cloudwatch'],
      'the configuration of a sidecar that is made has no emf_write: give collector.configuration',
    ],
    refuseNamespace(model, 'tasks with a sidecar are not registered'),
    model.cluster.instances !== undefined && [
      ['cluster', 'instances'],
      'services and their sidecars run on Fargate: leave instances out',
    ],
    model.traces &&
      services.every((one) => !one.traces) && [
        ['traces'],
        'no service sends traces to its sidecar: set traces: true of one, or leave it out',
      ],
  ];
  for (const [i, service] of services.entries())
    faults.push(
      SIDECAR_PORTS.has(service.port) && [
        ['services', i, 'port'],
        'the sidecar listens there, in the same task: let the application have another port',
      ],
      (collector.cpu ?? 0) >= service.cpu && [
        ['services', i, 'cpu'],
        'its sidecar takes all of it: raise it, or lower collector.cpu',
      ],
      (collector.memory ?? 0) >= service.memory && [
        ['services', i, 'memory'],
        'its sidecar takes all of it: raise it, or lower collector.memory',
      ],
    );
  return keep(faults);
}

/** Of the collector's own pages, and of segments. */
const SIDECAR_PORTS: ReadonlySet<number> = new Set([9_090, 2_000]);
