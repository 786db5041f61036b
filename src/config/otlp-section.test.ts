import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reporter } from '../settings/finding.ts';
import { makeSeries, openRoute } from '../../test/kit/transforming.ts';
import { otlpSectionSchema, resolveOtlpSection } from './otlp-section.ts';

const RESOURCE = {
  'service.name': 'shop',
  'service.namespace': 'eu',
  'service.instance.id': 'i-1',
  'host.name': 'h1',
};

/** The series that come of one, and what is reported, under a section. */
function translate(section: object): { readonly sent: string[]; readonly reported: string[] } {
  const reported: string[] = [];
  const say = (path: readonly unknown[]): void => void reported.push(path.join('.'));
  const report = { error: say, warn: say, lacks: say } as unknown as Reporter;
  const { transforms } = resolveOtlpSection(otlpSectionSchema.parse(section), report);
  const route = openRoute(...transforms.map(({ transform }) => transform));
  const series = makeSeries(
    { __name__: 'http.requests', 'a..b': '1', _own: '2', otel_scope_name: 'lib' },
    { family: { name: 'http.requests', type: 'counter', unit: '{request}' }, resource: RESOURCE },
  );
  const [ref = -1] = route.refs(series);
  route.appender.append(ref, 1_000, 7);
  route.appender.commit();
  return { sent: route.sent(), reported };
}

test('the defaults are those of Prometheus', () => {
  assert.deepEqual(translate({}).sent, [
    'http_requests_total{a__b="1", instance="i-1", job="eu/shop", key_own="2"} 7 @1000',
    'target_info{host_name="h1", instance="i-1", job="eu/shop"} 1 @1000',
  ]);
});

test('names, attributes of the resource and scopes follow the section', () => {
  const { sent } = translate({
    translation_strategy: 'UnderscoreEscapingWithoutSuffixes',
    promote_resource_attributes: ['host.name'],
    keep_identifying_resource_attributes: true,
    promote_scope_metadata: true,
    label_name_underscore_sanitization: false,
    label_name_preserve_multiple_underscores: false,
  });
  assert.deepEqual(sent, [
    'http_requests{_own="2", a_b="1", host_name="h1", instance="i-1", job="eu/shop", ' +
      'otel_scope_name="lib"} 7 @1000',
    'target_info{host_name="h1", instance="i-1", job="eu/shop", service_instance_id="i-1", ' +
      'service_name="shop", service_namespace="eu"} 1 @1000',
  ]);
});

test('keys that contradict one another are refused at their place', () => {
  assert.deepEqual(translate({ ignore_resource_attributes: ['x'] }).reported, [
    'otlp.ignore_resource_attributes',
  ]);
  assert.deepEqual(
    translate({ promote_all_resource_attributes: true, promote_resource_attributes: ['x'] })
      .reported,
    ['otlp.promote_resource_attributes'],
  );
  assert.deepEqual(translate({ promote_resource_attributes: ['x', ' x'] }).reported, [
    'otlp.promote_resource_attributes.1',
  ]);
});
