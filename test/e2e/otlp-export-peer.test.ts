/**
 * What is scraped arrives by OTLP, with its values: at VictoriaMetrics over HTTP, and at a collector
 * of our own over gRPC.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { onEnd } from '../kit/ending.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { freePort, type Running, startAmperage, startProgram } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const PAGE = `# TYPE shop_orders_total counter
shop_orders_total{way="card"} 12345
# TYPE shop_temperature_celsius gauge
shop_temperature_celsius -1.5
# TYPE shop_wait_seconds histogram
shop_wait_seconds_bucket{le="0.1"} 3
shop_wait_seconds_bucket{le="+Inf"} 5
shop_wait_seconds_sum 2.25
shop_wait_seconds_count 5
`;

/** A page that always says the same; the address of its server. */
async function servePage(context: TestContext): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(context, () => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A collector of a configuration in the form of OpenTelemetry. */
async function collect(context: TestContext, folder: string, config: object): Promise<Running> {
  const file = path.join(folder, 'collector.yml');
  writeFileSync(file, JSON.stringify(config));
  return startAmperage(context, 'collect', [
    '--config.file',
    file,
    '--storage.path',
    path.join(folder, 'collector'),
  ]);
}

function scraping(target: string, exporters: Record<string, object>): object {
  const job = { job_name: 'shop', static_configs: [{ targets: [target] }] };
  const config = { global: { scrape_interval: '1s' }, scrape_configs: [job] };
  return {
    receivers: { prometheus: { config } },
    exporters,
    service: {
      pipelines: { metrics: { receivers: ['prometheus'], exporters: Object.keys(exporters) } },
    },
  };
}

async function query(url: string, expression: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await answer.json()) as {
    data?: { result: { value: [number, string] }[] };
  };
  return Number(data?.result[0]?.value[1] ?? NaN);
}

const EXPECTED = [
  [/orders/, 12_345],
  [/temperature/, -1.5],
  [/wait[a-z_]*_count/, 5],
  [/wait[a-z_]*_sum/, 2.25],
] as const;

/** Waits until each metric has its value, under whatever suffixes the peer gives it. */
async function waitForValues(url: string): Promise<void> {
  for (const [name, value] of EXPECTED) {
    const expression = `max({__name__=~"shop_.*${name.source}.*"})`;
    let seen = NaN;
    await until(`${url} has ${name.source}`, 40_000, async () => {
      seen = await query(url, expression);
      return seen === value;
    });
    assert.equal(seen, value);
  }
}

test('VictoriaMetrics takes what is scraped, over HTTP', async (context) => {
  const peers = skipUnlessPeer(context, 'victoria-metrics');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const port = await freePort();
  const victoria = await startProgram(
    context,
    peers['victoria-metrics'],
    [
      `-storageDataPath=${path.join(folder, 'victoria')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-search.latencyOffset=0s',
    ],
    port,
    '/health',
  );
  await collect(
    context,
    folder,
    scraping(await servePage(context), { otlphttp: { endpoint: `${victoria.url}/opentelemetry` } }),
  );
  await waitForValues(victoria.url);
});

test('a collector takes over gRPC what another one has scraped', async (context) => {
  const port = await freePort();
  const receiver = temporaryFolder(context);
  const file = path.join(receiver, 'metrics.json');
  await collect(context, receiver, {
    receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { file: { path: file } },
    service: { pipelines: { metrics: { receivers: ['otlp'], exporters: ['file'] } } },
  });
  await collect(
    context,
    temporaryFolder(context),
    scraping(await servePage(context), {
      otlp: { endpoint: `127.0.0.1:${port}`, tls: { insecure: true } },
    }),
  );
  const expected = [/"asDouble":12345\b/, /"asDouble":-1\.5\b/, /"count":"5","sum":2\.25/];
  await until('all metrics are in the file', 40_000, () => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text.includes('shop_orders') && expected.every((one) => one.test(text));
  });
});
