/**
 * A real collector with a secret in each field that can hold one, whose targets, receivers, token
 * and target servers all fail, so that each error is said: no secret is in its log, its metrics,
 * any answer of its API, its page, what `check` prints or what a reload and a crash say.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { makeCertificate } from '../kit/authority.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, freePort, MAIN, startAmperage } from '../kit/processes.ts';
import { collectorSecrets, prometheusSecrets } from '../kit/secret-fields.ts';
import { until } from '../kit/waiting.ts';
import {
  type Keys,
  plantCollector,
  Planted,
  plantPrometheus,
  startFailing,
} from './planted-configurations.ts';

const PATHS = [
  '/',
  '/metrics',
  '/-/healthy',
  '/-/ready',
  ...['config', 'flags', 'receivers', 'buildinfo', 'runtimeinfo'].map(
    (one) => `/api/v1/status/${one}`,
  ),
  ...['targets', 'targets/metadata', 'scrape_pools', 'metadata'].map((one) => `/api/v1/${one}`),
  '/api/v1/targets/relabel_steps?scrapePool=j0&labels=%7B%7D',
];

const ZPAGES = ['servicez', 'pipelinez', 'extensionz', 'featurez', 'tracez'];

async function assertAnswersKeep(
  planted: Planted,
  url: string,
  paths: readonly string[],
): Promise<void> {
  for (const one of paths) {
    const answer = await fetch(`${url}${one}`);
    const text = await answer.text();
    planted.assertAbsent(one, text + JSON.stringify([...answer.headers]));
    planted.assertAbsent(`${one}, decoded`, decodeURIComponent(text.replaceAll('%', '%25')));
  }
}

/** The extension zpages; its headers are what the configuration gives to everybody. */
async function assertPagesKeep(planted: Planted, port: number): Promise<void> {
  for (const one of ZPAGES) {
    const answer = await fetch(`http://127.0.0.1:${port}/debug/${one}`);
    assert.equal(answer.status, 200);
    planted.assertAbsent(one, await answer.text());
  }
}

/** Configurations that are refused, each with its secrets near what it is refused for. */
function breakings(text: string): readonly string[] {
  return [
    `${text}\nx: [`,
    text.replaceAll('password: ', 'password: [1], passwort: '),
    text.replaceAll('credentials: ', 'credentials: !!int '),
    text.replaceAll('client_secret: ', 'client_secret: *nowhere '),
    text.replaceAll('http://u:', 'htp://u:'),
    text.replaceAll('127.0.0.1:', '127.0.0.1 :'),
    text.replaceAll('headers:\n', 'headers: |\n'),
    text.replaceAll('secret_key: ', 'secret_key: 5, secret_key: '),
    text.replaceAll('-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KAY-----'),
  ];
}

function run(...given: readonly string[]): { readonly out: string; readonly err: string } {
  const { stdout, stderr } = spawnSync(process.execPath, [MAIN, ...given], {
    encoding: 'utf8',
    env: { ...process.env, ...BARE_AWS },
  });
  return { out: stdout, err: stderr };
}

function assertCheckKeeps(planted: Planted, command: 'config' | 'convert', file: string): void {
  const { out, err } = run('check', command, file);
  planted.assertAbsent(`check ${command}`, out + err);
}

/**
 * `check convert` writes a configuration, whose secrets stand in it as in the original; nothing
 * that it tells of it has one.
 */
function assertConversionKeeps(planted: Planted, file: string, config: Keys): void {
  writeFileSync(file, stringify(config));
  const { out, err } = run('check', 'convert', file);
  const lines = out.split('\n');
  const told = lines.filter((line) => line.startsWith('#'));
  planted.assertAbsent('what check convert tells', [...told, err].join('\n'));
  assert.ok(told.length > 0 && told.length < lines.length, out + err);
}

/** Of all that the configuration of a dialect has, what the other can say too. */
const CONVERTIBLE = {
  Prometheus(config: Keys): Keys {
    const writes = config['remote_write'] as Keys[];
    return {
      scrape_configs: config['scrape_configs'],
      remote_write: [writes.find((one) => 'authorization' in one)],
    };
  },
  'the Collector'(config: Keys): Keys {
    const { receivers, exporters, extensions } = config as Readonly<Record<string, Keys>>;
    const pick = (all: Keys | undefined, name: string): Keys => ({ [name]: all?.[name] });
    const exporter = 'prometheusremotewrite/c';
    return {
      receivers: pick(receivers, 'prometheus'),
      exporters: pick(exporters, exporter),
      extensions: pick(extensions, 'oauth2client/c'),
      service: {
        extensions: ['oauth2client/c'],
        pipelines: { metrics: { receivers: ['prometheus'], exporters: [exporter] } },
      },
    };
  },
};

const DIALECTS = [
  { dialect: 'Prometheus', plant: plantPrometheus, fields: prometheusSecrets },
  { dialect: 'the Collector', plant: plantCollector, fields: collectorSecrets },
] as const;

for (const { dialect, plant, fields } of DIALECTS)
  test(
    `no secret of a configuration of ${dialect} leaves the process, whatever fails`,
    { timeout: 300_000 },
    async (context) => {
      const planted = new Planted();
      const folder = temporaryFolder(context);
      const pair = makeCertificate(folder, 'client');
      planted.keep('a key', pair.key.split('\n')[1] ?? '');
      const host = await startFailing(context, planted);
      const ports = await Promise.all(Array.from({ length: 10 }, freePort));
      const config = plant({ planted, host, pair, ports });
      planted.assertIn(config, fields);
      const text = stringify(config);
      const file = path.join(folder, 'config.yml');
      writeFileSync(file, text);
      const storage = path.join(folder, 'storage');
      const flags = ['--config', file, '--storage.path', storage, '--web.enable-lifecycle'];
      flags.push('--log.level', 'debug');
      const collector = await startAmperage(context, 'collect', flags, BARE_AWS);
      await until('deliveries and scrapes fail', 30_000, () => {
        const said = collector.output();
        return said.includes('delivery failed') && said.includes('targets cannot be scraped');
      });
      await until('some rounds have passed', 30_000, async () => {
        const metrics = await (await fetch(`${collector.url}/metrics`)).text();
        return /^prometheus_target_scrape_pool_sync_total.* [1-9]/m.test(metrics);
      });
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await assertAnswersKeep(planted, collector.url, PATHS);
      if (dialect === 'the Collector') await assertPagesKeep(planted, ports[2] ?? 0);

      for (const [i, broken] of breakings(text).entries()) {
        if (broken === text) continue;
        writeFileSync(file, broken);
        const refused = await fetch(`${collector.url}/-/reload`, { method: 'POST' });
        planted.assertAbsent('the answer to a reload', await refused.text());
        assert.notEqual(refused.status, 200, broken);
        // Both read it alike; a process for each is slow.
        assertCheckKeeps(planted, i === 0 ? 'convert' : 'config', file);
        await assertAnswersKeep(planted, collector.url, PATHS);
      }
      assertConversionKeeps(planted, file, CONVERTIBLE[dialect](config));
      writeFileSync(file, text);
      assertCheckKeeps(planted, 'config', file);
      // What has no equivalent is told, with what the configuration does.
      assertCheckKeeps(planted, 'convert', file);
      // A second one, which ends for what the first has.
      const second = run('collect', ...flags, '--web.listen-address', new URL(collector.url).host);
      planted.assertAbsent('a process that cannot start', second.out + second.err);
      collector.child.kill('SIGTERM');
      await collector.exited;
      planted.assertAbsent('the log', collector.output());
    },
  );
