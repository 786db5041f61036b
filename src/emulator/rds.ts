/**
 * RDS (Relational Database Service): clusters and their instances, to be described.
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
 * Limit: CLUSTERS_MAX clusters, INSTANCES_MAX instances in each.
 */
import { type AccessTable, needOn, textOf, textsOf } from './access.ts';
import { cutMarkedPage } from './marked-page.ts';
import { AwsError, type AwsInput, type AwsPlace, type JsonService } from './service.ts';

export interface EmulatedDatabase {
  readonly name: string;
  /** Absent for an instance that is being created. */
  readonly host?: string;
  readonly isWriter?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** More members of DBInstance, as the API names them. */
  readonly members?: AwsInput;
}

export interface EmulatedDatabaseCluster {
  readonly name: string;
  readonly engine?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** More members of DBCluster, as the API names them. */
  readonly members?: AwsInput;
  readonly instances?: readonly EmulatedDatabase[];
}

const CLUSTERS_MAX = 1_000;
const INSTANCES_MAX = 1_000;
const PORT = 5_432;
const PAGES = { size: 'MaxRecords', token: 'Marker', sizeMax: 100 } as const;

export class RdsState {
  /** By ARN. */
  readonly clusters = new Map<string, EmulatedDatabaseCluster>();
  readonly #place: AwsPlace;

  constructor(place: AwsPlace) {
    this.#place = place;
  }

  arnOf(name: string, type: 'cluster' | 'db' = 'cluster'): string {
    const { accountId, region } = this.#place;
    return `arn:aws:rds:${region}:${accountId}:${type}:${name}`;
  }

  /**
   * Puts a cluster, or replaces the one of that name. Returns its ARN.
   *
   * @throws AwsError
   */
  put(cluster: EmulatedDatabaseCluster): string {
    const arn = this.arnOf(cluster.name);
    if (!this.clusters.has(arn) && this.clusters.size >= CLUSTERS_MAX)
      throw new AwsError('DBClusterQuotaExceededFault', `there are ${CLUSTERS_MAX} clusters`, 403);
    if ((cluster.instances?.length ?? 0) > INSTANCES_MAX)
      throw invalidValue(`a cluster has at most ${INSTANCES_MAX} instances`);
    this.clusters.set(arn, cluster);
    return arn;
  }
}

export function createRds(state: RdsState): JsonService {
  return {
    signingName: 'rds',
    target: 'rds',
    xmlNamespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
    itemNames: {
      DBClusters: 'DBCluster',
      DBClusterMembers: 'DBClusterMember',
      DBInstances: 'DBInstance',
      Filters: 'Filter',
      TagList: 'Tag',
      Values: 'Value',
    },
    deniedCode: 'AccessDenied',
    access: createRdsAccess(),
    actions: {
      DescribeDBClusters: (input) => {
        const name = textOf(input, 'DBClusterIdentifier');
        const found = [...state.clusters].filter(
          ([arn, one]) => name === '' || name === arn || name === one.name,
        );
        if (name !== '' && found.length === 0)
          throw new AwsError('DBClusterNotFoundFault', `DBCluster ${name} not found.`, 404);
        const { page, next } = cutMarkedPage(found, input, PAGES);
        return { DBClusters: page.map((one) => describeDatabaseCluster(...one)), ...next };
      },
      DescribeDBInstances: (input) => {
        const name = textOf(input, 'DBInstanceIdentifier');
        const fits = parseFilters(input);
        const found = [...state.clusters].flatMap(([arn, cluster]) =>
          (cluster.instances ?? [])
            .map((one) => describeDatabase(state, cluster, one))
            .filter((one) => fits(arn, one)),
        );
        const named = found.filter((one) => name === '' || name === one.DBInstanceIdentifier);
        if (name !== '' && named.length === 0)
          throw new AwsError('DBInstanceNotFound', `DBInstance ${name} not found.`, 404);
        const { page, next } = cutMarkedPage(named, input, PAGES);
        return { DBInstances: page, ...next };
      },
    },
  };
}

/** A list without a name is judged as one of all. */
function createRdsAccess(): AccessTable {
  const needOf = (action: string, member: string, type: string): AccessTable =>
    needOn('rds', action, (input, { region, accountId }) => {
      const name = textOf(input, member) || '*';
      return name.startsWith('arn:') ? name : `arn:aws:rds:${region}:${accountId}:${type}:${name}`;
    });
  return {
    ...needOf('DescribeDBClusters', 'DBClusterIdentifier', 'cluster'),
    ...needOf('DescribeDBInstances', 'DBInstanceIdentifier', 'db'),
  };
}

function invalidValue(words: string): AwsError {
  return new AwsError('InvalidParameterValue', words);
}

type DescribedDatabase = ReturnType<typeof describeDatabase>;

/** Instances must fit each filter, by one of its values. @throws AwsError */
function parseFilters(input: AwsInput): (arn: string, one: DescribedDatabase) => boolean {
  // An empty list is an empty text in a form.
  const { Filters } = input;
  const given = Array.isArray(Filters) ? (Filters as readonly AwsInput[]) : [];
  const filters = given.map((filter) => {
    const name = textOf(filter, 'Name');
    const values = textsOf(filter, 'Values');
    if (values.length === 0) throw invalidValue(`The filter ${name} needs a value.`);
    switch (name) {
      case 'db-cluster-id':
        return (arn: string, one: DescribedDatabase) =>
          values.includes(arn) || values.includes(one.DBClusterIdentifier);
      case 'db-instance-id':
        return (_: string, one: DescribedDatabase) =>
          values.includes(one.DBInstanceIdentifier) || values.includes(one.DBInstanceArn);
      case 'dbi-resource-id':
        return (_: string, one: DescribedDatabase) => values.includes(one.DbiResourceId);
      case 'engine':
        return (_: string, one: DescribedDatabase) => values.includes(one.Engine);
      default:
        throw invalidValue(`Unrecognized filter name: ${name}`);
    }
  });
  return (arn, one) => filters.every((fits) => fits(arn, one));
}

const CREATED = '2026-01-01T00:00:00.000Z';

function describeDatabaseCluster(arn: string, cluster: EmulatedDatabaseCluster): object {
  const { name, engine = 'aurora-postgresql', tags, members = {}, instances = [] } = cluster;
  return {
    DBClusterIdentifier: name,
    DBClusterArn: arn,
    DbClusterResourceId: `cluster-${name}`,
    Status: 'available',
    Engine: engine,
    Port: PORT,
    ClusterCreateTime: CREATED,
    DBClusterMembers: instances.map((one) => ({
      DBInstanceIdentifier: one.name,
      IsClusterWriter: one.isWriter ?? false,
    })),
    TagList: listTags(tags),
    ...members,
  };
}

function describeDatabase(
  state: RdsState,
  { name: cluster, engine = 'aurora-postgresql' }: EmulatedDatabaseCluster,
  { name, host, tags, members = {} }: EmulatedDatabase,
) {
  return {
    DBInstanceIdentifier: name,
    DBInstanceArn: state.arnOf(name, 'db'),
    DbiResourceId: `db-${name}`,
    DBClusterIdentifier: cluster,
    DBInstanceStatus: host === undefined ? 'creating' : 'available',
    Engine: engine,
    InstanceCreateTime: CREATED,
    Endpoint: host === undefined ? undefined : { Address: host, Port: PORT },
    TagList: listTags(tags),
    ...members,
  };
}

function listTags(tags: Readonly<Record<string, string>> = {}): object[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
