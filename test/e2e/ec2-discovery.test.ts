/**
 * Discovery of EC2 as on a laptop: `amperage emulate` plays a scenario of instances, `amperage
 * collect` finds and scrapes them. A real Prometheus with the same configuration finds the same
 * targets with the same labels, whatever it asks of the emulator for them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import {
  BARE_AWS,
  freePort,
  MAIN,
  type Running,
  startAmperage,
  startProgram,
} from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const run = promisify(execFile);
const KEYS = { EMULATE_ACCESS_KEY: 'AKIAEXAMPLE', EMULATE_SECRET_KEY: 'example' };

const SCENARIO = `steps:
  - admin: ec2/instances
    input: { id: i-00000000000000001, address: 127.0.0.1, tags: { Name: web-1, env: prod, 'a:b': c } }
  - admin: ec2/instances
    input:
      id: i-00000000000000002
      address: 127.0.0.2
      publicAddress: 198.51.100.2
      zone: us-east-1c
      type: m7g.large
      image: ami-2
      architecture: arm64
      platform: windows
      lifecycle: spot
      subnet: subnet-2
      interfaces:
        - { ipv6Addresses: ['2001:db8::1'] }
        - { subnet: subnet-3, deviceIndex: 2, ipv6Addresses: ['2001:db8::2'], primaryIpv6Address: '2001:db8::2' }
        - { subnet: subnet-3, deviceIndex: 1 }
      tags: { Name: web-2, env: prod }
  - admin: ec2/instances
    input: { id: i-00000000000000003, interfaces: [{ ipv6Addresses: ['::1'] }], tags: { env: prod } }
  - admin: ec2/instances
    input: { id: i-00000000000000004, address: 127.0.0.4, vpc: '', tags: { env: prod } }
  - { admin: ec2/instances, input: { id: i-00000000000000005, address: 127.0.0.5, tags: { env: test } } }
  - { admin: ec2/instances, input: { id: i-00000000000000006, address: 127.0.0.6, tags: { env: prod } } }
  - { admin: ec2/instance-state, input: { id: i-00000000000000006, state: terminated } }
  - { admin: ec2/instances, input: { id: i-00000000000000007, address: 127.0.0.7, tags: { env: prod } } }
  - { admin: ec2/instance-state, input: { id: i-00000000000000007, state: stopped } }
`;

interface ActiveTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly scrapeUrl: string;
}

async function listTargets({ url }: Running): Promise<readonly ActiveTarget[]> {
  const answer = await (await fetch(`${url}/api/v1/targets?state=active`)).json();
  return (answer as { data: { activeTargets: ActiveTarget[] } }).data.activeTargets;
}

async function start(context: TestContext): Promise<{
  readonly folder: string;
  readonly config: string;
  readonly collector: Running;
  readonly emulator: Running;
}> {
  const folder = temporaryFolder(context);
  const scenario = path.join(folder, 'account.yml');
  writeFileSync(scenario, SCENARIO);
  const emulator = await startAmperage(context, 'emulate', ['--scenario', scenario], KEYS);
  const target = await serve(context, (_, response) => response.end('page 1\n'));
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: nodes
    ec2_sd_configs:
      - region: us-east-1
        endpoint: ${emulator.url}
        access_key: ${KEYS.EMULATE_ACCESS_KEY}
        secret_key: ${KEYS.EMULATE_SECRET_KEY}
        port: ${target.port}
        refresh_interval: 1s
        filters: [{ name: 'tag:env', values: [prod] }]
    relabel_configs:
      - { source_labels: [__meta_ec2_tag_Name], target_label: name }
      - { source_labels: [__meta_ec2_availability_zone_id], target_label: zone }
`,
  );
  const given = ['--config.file', config, '--storage.path', path.join(folder, 'queue')];
  const collector = await startAmperage(context, 'collect', given, BARE_AWS);
  return { folder, config, collector, emulator };
}

test('a collector finds and scrapes the instances of a scenario, and follows what becomes of them', async (context) => {
  const { collector, emulator } = await start(context);
  await until('the instances are scraped', 15_000, async () => {
    const found = await listTargets(collector);
    return found.length === 5 && found.every(({ health }) => health !== 'unknown');
  });
  const found = await listTargets(collector);
  const first = found.find(({ labels }) => labels['name'] === 'web-1');
  assert.equal(first?.health, 'up');
  assert.equal(first.labels['zone'], 'use1-az1');
  await fetch(`${emulator.url}/_emulator/ec2/instance-state`, {
    method: 'PUT',
    body: JSON.stringify({ id: 'i-00000000000000001', state: 'terminated' }),
  });
  await until('the terminated one is gone', 15_000, async () => {
    return (await listTargets(collector)).length === 4;
  });
});

test('explain tells of each instance why it is a target or none, chosen by id or name', async (context) => {
  const { config } = await start(context);
  const explain = async (...words: string[]): Promise<string> => {
    const given = [MAIN, 'discover', 'explain', '--config.file', config, ...words];
    const env = { ...process.env, ...BARE_AWS };
    return (await run(process.execPath, given, { env, timeout: 60_000 })).stdout;
  };
  const all = await explain();
  assert.match(all, /^5 targets, 1 that are none$/m);
  assert.match(all, /^i-0{16}6\n {2}no target, no_address: .*no private address \(terminated\)$/m);
  const one = await explain('web-1');
  assert.match(one, /^i-0{16}1 \(web-1\)\n {2}target 127\.0\.0\.1:\d+: the private address/);
  assert.match(one, /^1 targets, 0 that are none$/m);
});

test('Prometheus itself finds the same targets with the same labels', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const { folder, config, collector } = await start(context);
  const port = await freePort();
  const prometheus = await startProgram(
    context,
    peers.prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  const discovered = async (from: Running): Promise<Readonly<Record<string, string>>[]> =>
    (await listTargets(from))
      .map(({ discoveredLabels }) => keepFilled(discoveredLabels))
      .toSorted((a, b) => compare(a['__meta_ec2_instance_id'], b['__meta_ec2_instance_id']));
  await until('both have the targets', 20_000, async () => {
    return (await discovered(prometheus)).length >= 4 && (await discovered(collector)).length === 5;
  });
  const [theirs, ours] = [await discovered(prometheus), await discovered(collector)];
  // Newer ones know a default IPv6 address: it is a label, and the target where it is the only one.
  const isOld = theirs.every((labels) => !Object.hasOwn(labels, DEFAULT_IPV6));
  assert.deepEqual(theirs, isOld ? ours.flatMap(withoutDefaultIpv6) : ours);
  assert.equal(ours[2]?.['__address__'], `[::1]:${ours[0]?.['__address__']?.split(':')[1]}`);
});

const DEFAULT_IPV6 = '__meta_ec2_default_ipv6_address';

function withoutDefaultIpv6(
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>>[] {
  const { [DEFAULT_IPV6]: _, ...others } = labels;
  return Object.hasOwn(labels, '__meta_ec2_private_ip') ? [others] : [];
}

/** An empty label is the same as none. */
function keepFilled(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : 1;
}
