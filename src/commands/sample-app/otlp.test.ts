import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../../test/kit/world.ts';
import { readOtlpEndpoint, readOtlpInterval, readOtlpResource } from './otlp.ts';

test('the endpoint is that of the flag, else of the variable; an empty one is none', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b:4318' };
  assert.equal(readOtlpEndpoint({ otlpEndpoint: 'https://a/base' }, env), 'https://a/base');
  assert.equal(readOtlpEndpoint({}, env), 'http://b:4318');
  assert.equal(readOtlpEndpoint({}, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }), undefined);
  assert.throws(() => readOtlpEndpoint({ otlpEndpoint: 'b:4318' }, {}), /^ConfigError: --otlp-endpoint "b:4318"/);
  assert.throws(
    () => readOtlpEndpoint({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://b' }),
    /^ConfigError: OTEL_EXPORTER_OTLP_ENDPOINT "grpc:\/\/b" is no URL of HTTP/,
  );
}); // prettier-ignore

test('the resource is that of the variables; one wrong pair leaves out all of them', () => {
  const { log, lines } = createWorld();
  const read = (text: string, name?: string) =>
    readOtlpResource({ OTEL_RESOURCE_ATTRIBUTES: text, OTEL_SERVICE_NAME: name }, log.unlimited());
  const told = read('service.name=a, deployment.environment.name=de%20mo,', 'shop');
  assert.equal(told['service.name'], 'shop');
  assert.equal(told['deployment.environment.name'], 'de mo');
  assert.equal(read('service.name=a')['service.name'], 'a');
  assert.equal(lines.length, 0);
  for (const wrong of ['a=1,b', 'a=1,=2', 'a=1,b=%zz']) {
    assert.equal(read(wrong)['a'], undefined);
    assert.equal(read(wrong)['service.name'], 'sample-app');
  }
  assert.equal(lines.length, 6);
});

test('the interval is that of the variable for metrics; another value is told and left out', () => {
  const { log, lines } = createWorld();
  const read = (text: string) => readOtlpInterval({ OTEL_METRIC_EXPORT_INTERVAL: text }, log);
  assert.equal(read('5000'), 5_000);
  assert.equal(read(''), 15_000);
  assert.equal(lines.length, 0);
  for (const wrong of ['5s', '999', '3600001', '-1']) assert.equal(read(wrong), 15_000);
  assert.match(lines.join('\n'), /OTEL_METRIC_EXPORT_INTERVAL is left out.*from 1000 to 3600000/);
});
