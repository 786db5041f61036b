/**
 * EC2 discovery from the answers of AWS to targets: filters, pages, zones, tags, what a failure or
 * a denial costs, events, and answers as AWS writes them.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as realSleep } from 'node:timers/promises';
import { ec2Mechanism } from '../../src/discovery/ec2/mechanism.ts';
import { mechanismOf } from '../../src/discovery/mechanisms.ts';
import { type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { serve } from '../kit/listen.ts';

async function openAccount(context: TestContext): Promise<EmulatedAws> {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  return aws;
}

function start(context: TestContext, endpoint: string, config: object = {}): RunningDiscovery {
  const given = { region: 'us-east-1', endpoint, port: 9100, call_budget: 1, ...config };
  return startDiscovery(context, ec2Mechanism, given, { mechanism: 'ec2' });
}

const idOf = (at: number): string => `i-${String(at).padStart(8, '0')}`;

test('filters and pages: what matches all filters, whatever the number of pages', async (context) => {
  const aws = await openAccount(context);
  const { ec2 } = aws.account;
  const { trouble } = aws.cloud;
  for (let at = 0; at < 30; at++)
    ec2.put({
      instanceId: idOf(at),
      privateIpAddress: `10.0.0.${at + 1}`,
      state: at % 10 === 9 ? 'stopped' : 'running',
      tags: { service: at % 3 === 0 ? 'web' : 'db', environment: at < 20 ? 'prod' : 'test' },
    });
  trouble.set({ pageSizes: { DescribeInstances: 5 } });
  const all = start(context, aws.url);
  await all.until(() => all.lists.length > 0);
  assert.equal(all.addresses().length, 30, 'stopped ones too, as in Prometheus');
  assert.equal(trouble.pagesSeen.get('DescribeInstances'), 6);
  const filters = [
    { name: 'tag:service', values: ['web', 'x*'] },
    { name: 'tag:environment', values: ['prod'] },
    { name: 'instance-state-name', values: ['running'] },
  ];
  const some = start(context, aws.url, { filters });
  await some.until(() => some.lists.length > 0);
  const expected = [0, 3, 6, 12, 15, 18].map((at) => `10.0.0.${at + 1}:9100`);
  assert.deepEqual(some.addresses(), expected);
  const none = start(context, aws.url, { filters: [{ name: 'vpc-id', values: ['vpc-none'] }] });
  await none.until(() => none.lists.length > 0);
  assert.deepEqual(none.addresses(), [], 'an empty list is a list');
});

test('the role ec2 of aws_sd_configs finds the same', async (context) => {
  const aws = await openAccount(context);
  aws.account.ec2.put({ instanceId: idOf(1), privateIpAddress: '10.0.0.1', tags: { a: 'b' } });
  const filters = [{ name: 'tag:a', values: ['b'] }];
  const config = { role: 'ec2', region: 'us-east-1', endpoint: aws.url, port: 0, filters };
  const run = startDiscovery(context, mechanismOf('aws_sd_configs'), config, { mechanism: 'aws' });
  await run.until(() => run.lists.length > 0);
  assert.equal(run.targets()[0]?.['__address__'], '10.0.0.1:80');
  assert.equal(run.targets()[0]?.['__meta_ec2_availability_zone_id'], 'use1-az1');
});

test('zones that the role may not describe cost their label alone, and are said', async (context) => {
  const aws = await openAccount(context);
  aws.account.ec2.put({ instanceId: idOf(1), privateIpAddress: '10.0.0.1' });
  aws.cloud.trouble.set({ only: ['DescribeInstances'] });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.equal(run.targets()[0]?.['__meta_ec2_availability_zone'], 'us-east-1a');
  assert.equal(run.targets()[0]?.['__meta_ec2_availability_zone_id'], undefined);
  const said = run.lines.map((line) => JSON.stringify(line)).join('\n');
  assert.match(
    said,
    /ec2:DescribeAvailabilityZones is denied to the role in use; without it: no ids/,
  );
  aws.cloud.takeCalls();
  const before = run.lists.length;
  await run.until(() => run.lists.length >= before + 3, 20_000);
  const { DescribeInstances, DescribeAvailabilityZones } = aws.cloud.takeCalls();
  assert.ok(DescribeInstances !== undefined && DescribeInstances >= 3);
  assert.equal(DescribeAvailabilityZones, undefined, 'asked slowly');
  aws.cloud.trouble.set({});
  const zoneId = (): string | undefined => run.targets()[0]?.['__meta_ec2_availability_zone_id'];
  await run.until(() => zoneId() === 'use1-az1', 60_000);
});

test('a denied list names the action, and the targets that were known stay', async (context) => {
  const aws = await openAccount(context);
  const { ec2 } = aws.account;
  const { trouble } = aws.cloud;
  ec2.put({ instanceId: idOf(1), privateIpAddress: '10.0.0.1' });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  trouble.set({ only: ['DescribeAvailabilityZones'] });
  await run.until(() => run.failures() > 0, 20_000);
  assert.deepEqual(run.addresses(), ['10.0.0.1:9100']);
  const said = run.lines.map((line) => JSON.stringify(line)).join('\n');
  assert.match(said, /UnauthorizedOperation; the role in use needs ec2:DescribeInstances/);
  trouble.set({});
  ec2.put({ instanceId: idOf(2), privateIpAddress: '10.0.0.2' });
  await run.until(() => run.addresses().length === 2, 20_000);
});

test('what was found before a page fails is taken, and nothing is dropped for it', async (context) => {
  const aws = await openAccount(context);
  const { ec2 } = aws.account;
  const { trouble } = aws.cloud;
  const pageSizes = { DescribeInstances: 5 };
  for (let at = 1; at <= 8; at++)
    ec2.put({ instanceId: idOf(at), privateIpAddress: `10.0.0.${at}` });
  trouble.set({ pageSizes });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  const struck = { action: 'DescribeInstances', page: 2, code: 'InternalError', status: 500 };
  trouble.set({ pageSizes, faults: [struck] });
  ec2.change(idOf(1), 'terminated');
  ec2.instances.delete(idOf(2));
  await run.until(() => run.failures() > 1, 20_000);
  const kept = [2, 3, 4, 5, 6, 7, 8].map((at) => `10.0.0.${at}:9100`);
  assert.deepEqual(run.addresses(), kept, 'AWS says that one has no address any more');
  trouble.set({ pageSizes });
  await run.until(() => run.addresses().length === 6, 20_000);
  assert.deepEqual(run.addresses(), kept.slice(1));
});

test('throttled calls are repeated, and slow down', async (context) => {
  const aws = await openAccount(context);
  aws.account.ec2.put({ instanceId: idOf(1), privateIpAddress: '10.0.0.1' });
  aws.cloud.trouble.set({ faults: [{ action: 'DescribeInstances', count: 3 }] });
  const run = start(context, aws.url);
  await run.until(() => run.lists.length > 0);
  assert.equal(run.failures(), 0);
  assert.match(run.metrics.expose(), /calls_throttled_total\{category="ec2_read"\} 3/);
});

/** Waits on the clock of the system, because the emulated queues do. */
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000;
  while (!isSo()) {
    assert.ok(performance.now() < endMs, 'it did not happen within five seconds');
    await realSleep(5);
  }
}

test('an instance is read right after its event, and that alone', async (context) => {
  const aws = await openAccount(context);
  const { account } = aws;
  const { ec2 } = account;
  const queue = account.queues.create('instances');
  account.subscribed.add('instances');
  for (const at of [1, 2]) ec2.put({ instanceId: idOf(at), privateIpAddress: `10.0.0.${at}` });
  const filters = [{ name: 'instance-state-name', values: ['running', 'pending'] }];
  const run = start(context, aws.url, {
    filters,
    refresh_interval: '1h',
    events_queue_url: queue,
  });
  await run.until(() => run.lists.length > 0);
  const received = /amperage_sd_events_total\{outcome="ok"\} (\d+)/;
  const events = (): number => Number(received.exec(run.metrics.expose())?.[1] ?? 0);
  await until(() => events() === 2);
  await run.until(() => run.lists.length === 2, 100);
  const startMs = run.clock.nowMs();
  await run.clock.advance(1_800_000);
  aws.cloud.takeCalls();
  const beganMs = run.clock.nowMs();
  ec2.put({ instanceId: idOf(3), privateIpAddress: '10.0.0.3' });
  ec2.change(idOf(1), 'stopped');
  // An instance whose change was not told is not asked for before the interval.
  ec2.instances.delete(idOf(2));
  account.queues.send('instances', '{"detail-type":"ECS Task State Change","detail":{}}');
  await until(() => events() === 4);
  await run.until(() => run.lists.length === 3, 100);
  assert.deepEqual(run.addresses(), ['10.0.0.2:9100', '10.0.0.3:9100']);
  assert.equal(aws.cloud.takeCalls()['DescribeInstances'], 1);
  assert.ok(run.clock.nowMs() - beganMs < 60_000);
  assert.match(run.metrics.expose(), /amperage_sd_events_total\{outcome="other_event"\} 1/);
  await run.until(() => run.addresses().length === 1, 60_000);
  assert.deepEqual(run.addresses(), ['10.0.0.3:9100']);
  assert.ok(run.clock.nowMs() - startMs < 4_000_000, 'the interval goes on beside events');
});

test('an answer as AWS writes it, with what the emulator leaves out', async (context) => {
  const asked: string[] = [];
  const url = await serveAnswers(context, (form) => {
    asked.push(form.toString());
    return form.get('Action') === 'DescribeInstances' ? INSTANCES : ZONES;
  });
  const filters = [{ name: 'tag:environment', values: ['prod', 'beta test'] }];
  const run = start(context, url, { filters });
  await run.until(() => run.lists.length > 0);
  assert.match(asked[0] ?? '', /Filter\.1\.Name=tag%3Aenvironment&Filter\.1\.Value\.1=prod/);
  assert.match(asked[0] ?? '', /Filter\.1\.Value\.2=beta\+test/);
  assert.deepEqual(run.targets(), [
    {
      __address__: '10.20.1.35:9100',
      __meta_ec2_ami: 'ami-0aa0c0a1f2e3d4b5c',
      __meta_ec2_architecture: 'arm64',
      __meta_ec2_availability_zone: 'us-east-1c',
      __meta_ec2_availability_zone_id: 'use1-az6',
      __meta_ec2_default_ipv6_address: '2600:1f18::2',
      __meta_ec2_instance_id: 'i-0f1e2d3c4b5a69788',
      __meta_ec2_instance_lifecycle: 'spot',
      __meta_ec2_instance_state: 'running',
      __meta_ec2_instance_type: 'm7g.large',
      __meta_ec2_ipv6_addresses: ',2600:1f18::1,2600:1f18::2,',
      __meta_ec2_owner_id: '123456789012',
      __meta_ec2_platform: 'windows',
      __meta_ec2_primary_ipv6_addresses: ',2600:1f18::2,',
      __meta_ec2_primary_subnet_id: 'subnet-0aa',
      __meta_ec2_private_dns_name: 'ip-10-20-1-35.ec2.internal',
      __meta_ec2_private_ip: '10.20.1.35',
      __meta_ec2_public_dns_name: 'ec2-203-0-113-9.compute-1.amazonaws.com',
      __meta_ec2_public_ip: '203.0.113.9',
      __meta_ec2_region: 'us-east-1',
      __meta_ec2_subnet_id: ',subnet-0aa,subnet-0bb,',
      __meta_ec2_tag_Name: 'web & <shop>',
      __meta_ec2_tag_aws_autoscaling_groupName: 'nodes',
      __meta_ec2_vpc_id: 'vpc-0cc',
    },
  ]);
  const reasons = run
    .explained()
    .map(({ task, group, verdicts }) => [task, group, verdicts[0]?.reason]);
  assert.deepEqual(reasons, [
    ['i-0f1e2d3c4b5a69788', 'web & <shop>', undefined],
    ['i-00112233445566778', '', 'no_address'],
  ]);
  assert.match(run.metrics.expose(), /not_targets\{mechanism="ec2",reason="no_address"\} 1/);
});

async function serveAnswers(
  context: TestContext,
  answer: (form: URLSearchParams) => string,
): Promise<string> {
  const { url } = await serve(context, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(parts).toString());
      response.writeHead(200, { 'content-type': 'text/xml;charset=UTF-8' }).end(answer(form));
    });
  });
  return url;
}

const INSTANCES = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>8f7724cf-496f-496e-8fe3-example</requestId>
  <reservationSet>
    <item>
      <reservationId>r-1234567890abcdef0</reservationId>
      <ownerId>123456789012</ownerId>
      <groupSet/>
      <instancesSet>
        <item>
          <instanceId>i-0f1e2d3c4b5a69788</instanceId>
          <imageId>ami-0aa0c0a1f2e3d4b5c</imageId>
          <instanceState><code>16</code><name>running</name></instanceState>
          <privateDnsName>ip-10-20-1-35.ec2.internal</privateDnsName>
          <dnsName>ec2-203-0-113-9.compute-1.amazonaws.com</dnsName>
          <reason/>
          <amiLaunchIndex>0</amiLaunchIndex>
          <productCodes/>
          <instanceType>m7g.large</instanceType>
          <launchTime>2026-11-01T08:00:00.000Z</launchTime>
          <placement>
            <availabilityZone>us-east-1c</availabilityZone><groupName/><tenancy>default</tenancy>
          </placement>
          <platform>windows</platform>
          <subnetId>subnet-0aa</subnetId>
          <vpcId>vpc-0cc</vpcId>
          <privateIpAddress>10.20.1.35</privateIpAddress>
          <ipAddress>203.0.113.9</ipAddress>
          <architecture>arm64</architecture>
          <instanceLifecycle>spot</instanceLifecycle>
          <tagSet>
            <item><key>Name</key><value>web &amp; &lt;shop&gt;</value></item>
            <item><key>aws:autoscaling:groupName</key><value>nodes</value></item>
          </tagSet>
          <networkInterfaceSet>
            <item>
              <networkInterfaceId>eni-1</networkInterfaceId>
              <subnetId>subnet-0aa</subnetId>
              <attachment><attachmentId>eni-attach-1</attachmentId><deviceIndex>0</deviceIndex></attachment>
              <ipv6AddressesSet>
                <item><ipv6Address>2600:1f18::1</ipv6Address><isPrimaryIpv6>false</isPrimaryIpv6></item>
                <item><ipv6Address>2600:1f18::2</ipv6Address><isPrimaryIpv6>true</isPrimaryIpv6></item>
              </ipv6AddressesSet>
            </item>
            <item>
              <networkInterfaceId>eni-2</networkInterfaceId>
              <subnetId>subnet-0bb</subnetId>
              <attachment><attachmentId>eni-attach-2</attachmentId><deviceIndex>1</deviceIndex></attachment>
            </item>
          </networkInterfaceSet>
        </item>
      </instancesSet>
    </item>
    <item>
      <reservationId>r-2</reservationId>
      <ownerId>123456789012</ownerId>
      <instancesSet>
        <item>
          <instanceId>i-00112233445566778</instanceId>
          <instanceState><code>48</code><name>terminated</name></instanceState>
          <privateDnsName/>
          <dnsName/>
          <networkInterfaceSet/>
          <tagSet/>
        </item>
      </instancesSet>
    </item>
  </reservationSet>
</DescribeInstancesResponse>`;

const ZONES = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>59dbff89-35bd-4eac-99ed-example</requestId>
  <availabilityZoneInfo>
    <item>
      <zoneName>us-east-1c</zoneName><zoneState>available</zoneState><regionName>us-east-1</regionName>
      <messageSet/><zoneId>use1-az6</zoneId>
    </item>
  </availabilityZoneInfo>
</DescribeAvailabilityZonesResponse>`;
