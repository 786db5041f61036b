/** node-exporter of a template, found by the ways of discovery that the template sets up. */
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
  readonly PortMappings: readonly { readonly ContainerPort: number }[];
  readonly MountPoints: readonly { readonly ContainerPath: string; readonly ReadOnly: boolean }[];
}

function findParts(model: string): {
  /** Properties of a resource; empty where there is none. */
  readonly of: (id: string) => Properties;
  readonly container: Container;
} {
  const { resources } = describeModel(MODELS[model] ?? assert.fail(model));
  const of = (id: string): Properties => resources.find((one) => one.id === id)?.properties ?? {};
  const [container] = of('NodeExporterTask')['ContainerDefinitions'] as unknown as Container[];
  return { of, container: container ?? assert.fail() };
}

test('Cloud Map has its address and port of the instance, which lets the collectors alone in', () => {
  const { of, container } = findParts('node-exporter on instances');
  const tags = of('NodeExporterRegistry')['Tags'] as unknown as { Key: string; Value: string }[];
  const [group] = groupsOfInstance({
    id: 'i-1',
    attributes: { AWS_INSTANCE_IPV4: '10.0.0.5', AWS_INSTANCE_PORT: '9100' },
    namespace: 'ecs-services',
    serviceId: 'srv-1',
    serviceName: 'metrics-node-exporter',
    tags: new Map(tags.map(({ Key, Value }) => [Key, Value])),
    hasMeta: false,
  });
  assert.deepEqual(group?.targets, [{ __address__: '10.0.0.5:9100' }]);
  assert.equal(group.labels?.['__metrics_path__'], '/metrics');
  // ECS registers tasks without an interface of their own by SRV records alone.
  assert.match(JSON.stringify(of('NodeExporterRegistry')), /"DnsRecords":\[{"Type":"SRV"/);
  // In the network of the instance ECS registers the port of this container.
  const [registry] = of('NodeExporterService')['ServiceRegistries'] as unknown as Properties[];
  assert.equal(registry?.['ContainerName'], container.Name);
  assert.equal(registry['ContainerPort'], container.PortMappings[0]?.ContainerPort);
  const { GroupId, SourceSecurityGroupId, FromPort, ToPort } = of('NodeExporterIngress');
  assert.deepEqual(
    { GroupId, SourceSecurityGroupId, FromPort, ToPort },
    {
      GroupId: new Reference('InstanceSecurityGroup', 'GroupId'),
      SourceSecurityGroupId: new Reference('CollectorSecurityGroup', 'GroupId'),
      FromPort: 9_100,
      ToPort: 9_100,
    },
  );
});

test('by docker labels it is a target at the address of the instance', () => {
  const { of, container } = findParts(
    'node-exporter on instances that are there, found by docker labels',
  );
  assert.equal(findByLabels(container, 'host', '10.0.0.5'), '10.0.0.5:9100');
  assert.equal(of('NodeExporterTask')['NetworkMode'], 'host');
  assert.deepEqual(of('NodeExporterIngress'), {});
});

test('it looks at the whole instance, and writes nothing of it', () => {
  const { of, container } = findParts('node-exporter on instances');
  const { NetworkMode, PidMode, Volumes } = of('NodeExporterTask');
  assert.deepEqual([NetworkMode, PidMode], ['host', 'host']);
  assert.deepEqual(Volumes, [{ Name: 'root', Host: { SourcePath: '/' } }]);
  const [mount] = container.MountPoints;
  assert.ok(container.Command.includes(`--path.rootfs=${mount?.ContainerPath}`));
  assert.ok(container.MountPoints.every(({ ReadOnly }) => ReadOnly));
  assert.equal(of('NodeExporterTask')['TaskRoleArn'], undefined);
});
