import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../test/kit/transforming.ts';
import { formatLabelSet } from '../model/labels.ts';
import { applyAll } from '../model/transform.ts';
import { resourceLabels } from './resource-labels.ts';
import { scrapedResource } from './scraped-resource.ts';

function resourceOf(instance: string): string {
  const series = makeSeries({ __name__: 'a', job: 'j', instance });
  return formatLabelSet(applyAll([scrapedResource], series)?.resource ?? []);
}

test('job and instance become a resource, with the address of the instance', () => {
  assert.equal(
    resourceOf('web.local:80'),
    '{server.address="web.local", server.port="80", service.instance.id="web.local:80", ' +
'service.name="j"}',
  );
  for (const [instance, address] of [
    ['10.0.0.7:9100', 'server.address="10.0.0.7", server.port="9100", '],
    ['[2001:db8::1]:9', 'server.address="2001:db8::1", server.port="9", '],
    ['a name', 'server.address="a name", '],
    ['127.0.0.9:1', 'server.port="1", '],
    ['localhost:1', 'server.port="1", '],
    ['[::1]:1', 'server.port="1", '],
  ] as const)
    assert.ok(resourceOf(instance).startsWith(`{${address}service.`), resourceOf(instance));
}); // prettier-ignore

test('the labels of a resource are those that a scraped series had', () => {
  for (const labels of [
    { __name__: 'a', job: 'j', instance: 'h:1', path: '/' },
    { __name__: 'a', path: '/' },
    { __name__: 'a', job: 'j' },
  ]) {
    const series = makeSeries(labels);
    const back = applyAll([scrapedResource, resourceLabels], series);
    assert.deepEqual(back?.labels, series.labels);
  }
});

test('a service namespace stands before the name in job', () => {
  const series = makeSeries(
    { __name__: 'a', job: 'own' },
    { resource: { 'service.name': 's', 'service.namespace': 'n' } },
  );
  assert.equal(formatLabelSet(applyAll([resourceLabels], series)?.labels ?? []), 'a{job="n/s"}');
});
