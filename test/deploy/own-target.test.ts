/** The collector of a template, found by its own configuration as the applications are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsOfInstance } from '../../src/discovery/cloudmap/labels.ts';
import { type Properties, Reference } from '../../src/deploy/template.ts';
import { findByLabels } from './found-by-labels.ts';
import { describeModel, MODELS } from './models.ts';

interface Container {
  readonly Name: string;
  readonly Command: readonly string[];
  readonly DockerLabels?: Record<string, string>;
}

function findParts(model: string): {
  readonly ids: readonly string[];
  /** Properties of a resource; empty where there is none. */
  readonly of: (id: string) => Properties;
  readonly container: Container;
} {
  const { resources } = describeModel(MODELS[model] ?? assert.fail(model));
  const of = (id: string): Properties => resources.find((one) => one.id === id)?.properties ?? {};
  const [container] = of('CollectorTask')['ContainerDefinitions'] as unknown as Container[];
  return { ids: resources.map(({ id }) => id), of, container: container ?? assert.fail() };
}

for (const model of ['smallest', 'three that share'])
  test(`${model}: each collector is registered, and lets collectors in at its pages`, () => {
    const { of, container } = findParts(model);
    const tags = of('CollectorRegistry')['Tags'] as unknown as { Key: string; Value: string }[];
    const [group] = groupsOfInstance({
      id: 'i-1',
      attributes: { AWS_INSTANCE_IPV4: '10.0.0.5' },
      namespace: 'ecs-services',
      serviceId: 'srv-1',
      serviceName: 'metrics-collector',
      tags: new Map(tags.map(({ Key, Value }) => [Key, Value])),
      hasMeta: false,
    });
    assert.deepEqual(group?.targets, [{ __address__: '10.0.0.5:9090' }]);
    assert.equal(group.labels?.['__metrics_path__'], '/metrics');
    assert.match(container.Command.join(' '), /--web\.listen-address 0\.0\.0\.0:9090/);
    assert.deepEqual(of('CollectorService')['ServiceRegistries'], [
      { RegistryArn: new Reference('CollectorRegistry', 'Arn') },
    ]);
    const own = new Reference('CollectorSecurityGroup', 'GroupId');
    const { GroupId, SourceSecurityGroupId, FromPort, ToPort } = of('CollectorPages');
    assert.deepEqual(
      { GroupId, SourceSecurityGroupId, FromPort, ToPort },
      { GroupId: own, SourceSecurityGroupId: own, FromPort: 9_090, ToPort: 9_090 },
    );
  });

test('by docker labels it is a target at the address of its task', () => {
  const { ids, of, container } = findParts('a service found by docker labels');
  assert.equal(of('CollectorTask')['NetworkMode'], 'awsvpc');
  assert.equal(findByLabels(container, 'awsvpc', '10.0.0.5'), '10.0.0.5:9090');
  assert.match(container.Command.join(' '), /--web\.listen-address 0\.0\.0\.0:9090/);
  assert.ok(ids.includes('CollectorPages') && !ids.includes('CollectorRegistry'));
});

test('a configuration that is given says itself how the collector is scraped', () => {
  const { ids } = findParts('a configuration of their own');
  assert.ok(!ids.some((id) => ['CollectorPages', 'CollectorRegistry', 'Namespace'].includes(id)));
});

test('on a machine outside of AWS it is a target on its loopback', () => {
  const { of, container } = findParts('one on machines of their own');
  assert.match(JSON.stringify(of('CollectorConfiguration')), /targets: \['127\.0\.0\.1:9090'\]/);
  assert.equal(container.DockerLabels, undefined);
});
