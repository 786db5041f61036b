import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

function withExporter(exporter: string, name: string): string {
  return `
receivers: { prometheus: { config: { scrape_configs: [{ job_name: a }] } } }
exporters:
  ${name}: ${exporter}
service:
  pipelines: { metrics: { receivers: [prometheus], exporters: [${name}] } }
`;
}

async function check(exporter: string, name: string) {
  const text = withExporter(exporter, name);
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  const lines = findings.map((one) => formatFinding(one).replace('/nowhere/', ''));
  return { plan, lines };
}

test('an exporter debug is a sink without a queue, and gets series with their resource', async () => {
  const { plan, lines } = await check('{ verbosity: Detailed, sampling_initial: 5 }', 'debug/x');
  assert.deepEqual(lines, []);
  const [sink] = plan?.sinks ?? [];
  assert.deepEqual(sink?.settings, {
    verbosity: 'detailed',
    sampling: { initial: 5, thereafter: 1 },
    outputs: ['log'],
  });
  assert.equal(sink.delivery, undefined);
  assert.deepEqual(sink.transforms, []);
  assert.deepEqual(plan?.routes[0]?.sinks, ['debug/debug/x']);
});

test('an exporter file is a file behind a queue', async () => {
  const keys =
    'path: ./m.json, rotation: { max_days: 3, max_backups: 2 }, compression: zstd, ' +
    'compression_params: { level: 6 }, create_directory: true, flush_interval: 5s';
  const { plan, lines } = await check(`{ ${keys} }`, 'file');
  assert.deepEqual(lines, []);
  const [sink] = plan?.sinks ?? [];
  assert.deepEqual(sink?.settings, {
    path: resolve('m.json'),
    isAppended: false,
    rotation: {
      maxBytes: 100 * 2 ** 20,
      maxAgeMs: 3 * 86_400_000,
      backupsMax: 2,
      isLocalTime: false,
    },
    format: { zstdLevel: 6 },
    folderMode: 0o755,
  });
  assert.equal(sink.delivery?.batchSendDeadlineMs, 5_000);
  assert.deepEqual(sink.transforms, []);
  assert.deepEqual(plan?.routes[0]?.sinks, ['otlp_file/file']);
});

test('rotation without a value has all of its defaults', async () => {
  const { plan } = await check('{ path: m.json, rotation: }', 'file');
  const settings = plan?.sinks[0]?.settings as { rotation?: { backupsMax: number } };
  assert.equal(settings.rotation?.backupsMax, 100);
});

test('the old exporter logging has its own defaults and its level', async () => {
  const verbosityOf = async (keys: string): Promise<unknown> => {
    const { plan } = await check(keys, 'logging');
    return plan?.sinks[0]?.settings;
  };
  const sampling = { initial: 2, thereafter: 500 };
  const outputs = ['log'];
  assert.deepEqual(await verbosityOf('{}'), { verbosity: 'basic', sampling, outputs });
  assert.deepEqual(await verbosityOf('{ loglevel: debug }'), {
    verbosity: 'detailed',
    sampling,
    outputs,
  });
});

const REFUSED: readonly [name: string, keys: string, message: RegExp][] = [
  ['debug', '{ verbosity: none }', /4:23: verbosity "none" is not known; write basic/],
  ['debug', '{ verbosty: basic }', /unknown key "verbosty".*did you mean "verbosity"/],
  ['debug', '{ loglevel: debug }', /loglevel is a key of the old exporter logging; write verb/],
  ['debug', '{ output_paths: [stdout] }', /output_paths needs "use_internal_logger: false"/],
  ['debug', '{ use_internal_logger: false, output_paths: [] }', /output_paths names no output/],
  ['debug', '{ use_internal_logger: false, output_paths: [/tmp/x] }', /output "\/tmp\/x": lines go/],
  ['debug', '{ sending_queue: { queue_siz: 1 } }', /unknown key "queue_siz"/],
  ['logging', '{ loglevel: info, verbosity: basic }', /only one of "loglevel" and "verbosity"/],
  ['logging', '{ loglevel: loud }', /loglevel is debug, info, warn or error/],
  ['file', '{}', /exporter "file" needs a "path"/],
  ['file', '{ path: x, append: true, rotation: {} }', /only one of "append" and "rotation"/],
  ['file', '{ path: x, format: xml }', /format is json, not "xml"/],
  ['file', '{ path: x, format: proto }', /"format": requests are written as json/],
  ['file', '{ path: x, compression: gzip }', /compression is zstd, not "gzip"/],
  ['file', '{ path: x, encoding: otlp }', /"encoding": encodings are not built in/],
  ['file', '{ path: "x*", group_by: { enabled: true } }', /"group_by": all resources go to one/],
  ['file', '{ path: x, directory_permissions: "0755" }', /needs "create_directory: true"/],
  ['file', '{ path: x, create_directory: true, directory_permissions: "9" }', /octal number/],
  ['file', '{ path: x, flush_interval: -1s }', /"flush_interval" in exporters.file/],
  ['file', '{ path: x, compression_params: { level: 1 } }', /has no effect without compression/],
  ['debug', '{ sending_queue: { enabled: true } }', /sending_queue has no effect: lines are written/],
]; // prettier-ignore
for (const [name, keys, message] of REFUSED)
  test(`${name} ${keys} is told at its line`, async () => {
    const { lines } = await check(keys, name);
    const told = lines.filter((line) => !line.includes('was removed from the Collector'));
    assert.equal(told.length, 1, told.join('\n'));
    assert.match(told[0] ?? '', message);
    assert.match(told[0] ?? '', /^c\.yml:4:/);
  });
