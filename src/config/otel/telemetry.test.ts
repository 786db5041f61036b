import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';
import type { CollectorPlan } from '../plan.ts';

async function check(telemetry: unknown) {
  const text = JSON.stringify({
    receivers: { prometheus: { config: { scrape_configs: [{ job_name: 'a' }] } } },
    exporters: { prometheusremotewrite: { endpoint: 'https://one.example/w' } },
    service: {
      telemetry,
      pipelines: { metrics: { receivers: ['prometheus'], exporters: ['prometheusremotewrite'] } },
    },
  });
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  return { plan, lines: findings.map((one) => formatFinding(one).replace('/nowhere/', '')) };
}

async function planOf(telemetry: unknown): Promise<CollectorPlan> {
  const { plan, lines } = await check(telemetry);
  assert.ok(plan, lines.join('\n'));
  return plan;
}

const reader = (prometheus: object): object => ({ pull: { exporter: { prometheus } } });

test('metrics of the process are served where telemetry asks for it, and nowhere unasked', async () => {
  const listens = async (telemetry: unknown): Promise<string[]> =>
    (await planOf(telemetry)).servers.map(({ listen }) => listen);
  assert.deepEqual(await listens(undefined), []);
  assert.deepEqual(await listens({ logs: {} }), []);
  assert.deepEqual(await listens({ metrics: {} }), ['127.0.0.1:8888']);
  assert.deepEqual(await listens({ metrics: { level: 'None' } }), []);
  assert.deepEqual(await listens({ metrics: { address: ':8889' } }), ['0.0.0.0:8889']);
  const readers = [reader({ host: '0.0.0.0', port: 1 }), reader({ host: 'localhost', port: 2 })];
  assert.deepEqual(await listens({ metrics: { level: 'detailed', readers } }), [
    '0.0.0.0:1',
    '127.0.0.1:2',
  ]);
});

test('the log follows telemetry: level, encoding, outputs, fields and repeats', async () => {
  const { log } = await planOf({
    logs: {
      level: 'WARN',
      encoding: 'json',
      output_paths: ['stdout', 'stderr'],
      initial_fields: { app: 'x' },
      sampling: { initial: 3, tick: '5s' },
    },
  });
  assert.deepEqual(log, {
    level: 'warn',
    format: 'json',
    outputs: ['stdout', 'stderr'],
    fields: { app: 'x' },
    repeats: { max: 3, windowMs: 5_000 },
  });
  const all = await planOf({ logs: { sampling: { enabled: false } } });
  assert.equal(all.log.repeats?.max, Infinity);
});

test('what telemetry asks for and can not have is refused or told at its key', async () => {
  const refused: [telemetry: object, message: RegExp][] = [
    [{ traces: { processors: [{}] } }, /"traces": the process makes no traces/],
    [{ metrics: { readers: [{ periodic: { exporter: {} } }] } }, /"periodic": .* are not sent/],
    [{ metrics: { readers: [{}] } }, /a reader needs pull\.exporter\.prometheus/],
    [{ metrics: { readers: [] } }, /"readers" is empty/],
    [{ metrics: { readers: [reader({ port: 1 })] } }, /prometheus needs a "host"/],
    [{ metrics: { address: ':1', readers: [reader({ host: 'a', port: 1 })] } }, /only one of/],
    [{ metrics: { views: [{}] } }, /"views" of metrics/],
    [{ metrics: { level: 'some' } }, /expected one of none, basic, normal, detailed/],
    [{ logs: { level: 'loud' } }, /expected one of debug, info/],
    [{ logs: { processors: [{}] } }, /"processors" of logs/],
    [{ resource: { attributes_list: 'a=b' } }, /"attributes_list" is not taken/],
    [{ resource: { attributes: [{}], a: 'b' } }, /"attributes" goes with no attribute/],
    [{ metrix: {} }, /unknown key "metrix"/],
  ];
  for (const [telemetry, message] of refused) {
    const { plan, lines } = await check(telemetry);
    assert.equal(plan, undefined, String(message));
    assert.match(lines.join('\n'), message);
  }
  const told: [telemetry: object, message: RegExp][] = [
    [{ resource: { a: 'b' } }, /resource has no effect/],
    [{ logs: { output_paths: ['/var/log/x'] } }, /the log is not written to "\/var\/log\/x"/],
    [{ logs: { disable_caller: false } }, /disable_caller has no effect/],
    [{ traces: { level: 'basic' } }, /traces has no effect/],
  ];
  for (const [telemetry, message] of told) {
    const { plan, lines } = await check(telemetry);
    assert.ok(plan, lines.join('\n'));
    assert.match(lines.join('\n'), message);
  }
});
