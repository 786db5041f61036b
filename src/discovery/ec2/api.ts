/**
 * The calls of AWS that EC2 discovery makes with the official SDK. Each is limited, counted and
 * repeated when throttled. An answer without its list is an error, because an empty list would end
 * targets.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
import type * as ec2Sdk from '@aws-sdk/client-ec2';
import type { AwsFilter } from '../aws-filters.ts';
import { AwsCalls, requireObjects } from '../aws-calls.ts';
import { type AwsAccess, type AwsSession, openAwsSession } from '../aws-client.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import type { ShelfAnswer } from '../shelf.ts';
import { type InstanceFacts, pickInstanceFacts } from './facts.ts';

type Ec2 = typeof ec2Sdk;

/**
 * Instances in a page. AWS has up to 1,000, but the SDK parses the XML of a page in one turn of the
 * event loop, which takes 0.3 to 0.4 ms for each instance.
 */
const PAGE_SIZE = 100;

export class Ec2Api {
  readonly region: string;
  /** The session of this configuration, which the queue of events shares. */
  readonly session: AwsSession;
  readonly #sdk: Ec2;
  readonly #client: InstanceType<Ec2['EC2Client']>;
  readonly #calls: AwsCalls;

  static async open(access: AwsAccess, world: DiscoveryWorld): Promise<Ec2Api> {
    // The SDK is loaded at the first use, so that a collector without this discovery does not load
    // it.
    const sdk = await import('@aws-sdk/client-ec2');
    const session = openAwsSession(access, world);
    const client = new sdk.EC2Client(session.clientOptions());
    return new Ec2Api(sdk, client, session, world, await client.config.region());
  }

  private constructor(
    sdk: Ec2,
    client: InstanceType<Ec2['EC2Client']>,
    session: AwsSession,
    world: DiscoveryWorld,
    region: string,
  ) {
    this.#sdk = sdk;
    this.#client = client;
    this.session = session;
    this.region = region;
    this.#calls = new AwsCalls(world, session, region);
  }

  close(): void {
    this.session.close();
    this.#client.destroy();
  }

  /** Calls `onPage` for each page: what came before a failure is known. */
  listInstances(
    filters: readonly AwsFilter[],
    onPage: (instances: readonly InstanceFacts[]) => void,
  ): Promise<void> {
    const action = 'ec2:DescribeInstances';
    const Filters = filters.map(({ name, values }) => ({ Name: name, Values: [...values] }));
    return this.#calls.readPages(async (NextToken) => {
      const command = new this.#sdk.DescribeInstancesCommand({
        ...(Filters.length === 0 ? {} : { Filters }),
        MaxResults: PAGE_SIZE,
        NextToken,
      });
      const page = await this.#calls.call(action, 'ec2_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      onPage(
        requireObjects(page.Reservations, action).flatMap(({ OwnerId, Instances }) =>
          requireObjects(Instances, action).map((one) => pickInstanceFacts(one, OwnerId)),
        ),
      );
      return page.NextToken;
    });
  }

  /** The ids of these zones; AWS gives those of all zones of the region in one call. */
  async describeZones(names: readonly string[]): Promise<ShelfAnswer<string>> {
    const action = 'ec2:DescribeAvailabilityZones';
    const command = new this.#sdk.DescribeAvailabilityZonesCommand({});
    const answer = await this.#calls.call(action, 'ec2_read', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    const ids = new Map(
      requireObjects(answer.AvailabilityZones, action).map(({ ZoneName, ZoneId }) => [
        ZoneName,
        ZoneId,
      ]),
    );
    const found = names.flatMap((name) => {
      const id = ids.get(name);
      return id === undefined ? [] : [[name, id] as const];
    });
    return { found, unknown: names.filter((name) => ids.get(name) === undefined) };
  }
}
