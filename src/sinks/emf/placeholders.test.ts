import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gauge, makeEvents } from '../../../test/kit/emf-events.ts';

type Labels = Readonly<Record<string, string>>;

function placeOf(entry: object, labels: Labels, resource: Labels = {}) {
  const { events, said, unfilled } = makeEvents(entry, [gauge('m', labels, 1)], resource);
  const { group, stream } = events[0] ?? {};
  return { group, stream, said, unfilled };
}

suite('placeholders', () => {
  const entry = { log_group_name: '/ecs/{ClusterName}/x', log_stream_name: '{TaskId}' };

  test('are found in the resource, by their own name and then by their attribute', () => {
    const attributes = { 'aws.ecs.cluster.name': 'two', 'aws.ecs.task.id': 't' };
    assert.deepEqual(placeOf(entry, {}, { ...attributes, ClusterName: 'one' }), {
      group: '/ecs/one/x',
      stream: 't',
      said: [],
      unfilled: [],
    });
    assert.equal(placeOf(entry, {}, attributes).group, '/ecs/two/x');
  });

  test('are found in labels where the resource has none, each by itself', () => {
    const labels = { ClusterName: 'of the label', 'aws.ecs.task.id': 'l' };
    const place = placeOf(entry, labels, { 'aws.ecs.task.id': 'r' });
    assert.equal(place.group, '/ecs/of_the_label/x');
    assert.equal(place.stream, 'r');
    assert.equal(placeOf(entry, labels).stream, 'l');
  });

  test('all of the Collector and of the agent are known, and any label besides', () => {
    const known: Labels = {
      TaskDefinitionFamily: 'aws.ecs.task.family',
      ContainerInstanceId: 'aws.ecs.container.instance.id',
      ServiceName: 'service.name',
      NodeName: 'k8s.node.name',
      PodName: 'pod',
      JobName: 'service.name',
      anything: 'anything',
    };
    for (const [name, attribute] of Object.entries(known)) {
      const place = placeOf({ log_stream_name: `{${name}}` }, {}, { [attribute]: 'v' });
      assert.equal(place.stream, 'v', name);
    }
    assert.equal(placeOf({ log_stream_name: '{JobName}' }, { job: 'j' }).stream, 'j');
  });

  test('that are nowhere stand as their names, which is said once and counted', () => {
    const { events, said, unfilled } = makeEvents(entry, [
      gauge('a', { job: 'x' }, 1),
      gauge('a', { job: 'y' }, 1),
    ]);
    for (const { group, stream } of events) {
      assert.equal(group, '/ecs/ClusterName/x');
      assert.equal(stream, 'TaskId');
    }
    assert.equal(said.length, 2);
    assert.match(said[0] ?? '', /no attribute or label has the value of a placeholder/);
    assert.match(said[0] ?? '', /"placeholder":"ClusterName"/);
    assert.deepEqual(unfilled.sort(), ['ClusterName', 'ClusterName', 'TaskId', 'TaskId']);
  });

  test('whose value is empty count as absent', () => {
    assert.deepEqual(placeOf(entry, { TaskId: 't' }, {}).unfilled, ['ClusterName']);
  });
});

suite('groups and streams', () => {
  test('characters that CloudWatch Logs does not take become _', () => {
    const place = placeOf(
      { log_group_name: '/g/{a}', log_stream_name: '{b}' },
      { a: 'x y:*ü{}', b: 's:t*{u} v' },
    );
    assert.equal(place.group, '/g/x_y_____');
    assert.equal(place.stream, 's_t_{u} v');
  });

  test('are at most 512 characters long', () => {
    const place = placeOf({ log_group_name: '/g/{a}' }, { a: 'x'.repeat(600) });
    assert.equal(place.group?.length, 512);
  });

  test('are not cut within a character', () => {
    const place = placeOf({ log_stream_name: 's{a}' }, { a: '\u{1F600}'.repeat(300) });
    assert.equal(place.stream?.length, 511);
    assert.doesNotMatch(place.stream, /\p{Surrogate}/u);
  });

  test('are made of the namespace and the host by default', () => {
    const place = placeOf({ namespace: 'My App' }, {});
    assert.deepEqual([place.group, place.stream], ['/metrics/My_App', 'otel-stream-host']);
    const named = placeOf({}, {}, { 'service.name': 'web', 'service.namespace': 'shop' });
    assert.equal(named.group, '/metrics/shop/web');
    assert.equal(placeOf({}, {}, { 'service.name': 'web' }).group, '/metrics/web');
    assert.equal(placeOf({}, {}).group, '/metrics/default');
  });

  test('a namespace of a resource is made one that CloudWatch takes', () => {
    const namespaceOf = (name: string): unknown => {
      const { events } = makeEvents({}, [gauge('a', {}, 1)], { 'service.name': name });
      const aws = events[0]?.event['_aws'] as { CloudWatchMetrics: { Namespace: string }[] };
      return aws.CloudWatchMetrics[0]?.Namespace;
    };
    assert.equal(namespaceOf(':x'), '_x');
    assert.equal(namespaceOf('AWS/ECS'), 'AWS_ECS');
    assert.equal(namespaceOf('n'.repeat(300)), 'n'.repeat(255));
  });
});

test('what is told of a placeholder without a value has the names that are there, bounded', () => {
  const labels = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`l${10 + i}`, 'x']));
  const { said } = makeEvents({ log_stream_name: '{ServceName}' }, [gauge('a', labels, 1)], {
    'service.name': 'shop',
  });
  assert.match(said[0] ?? '', /"placeholder":"ServceName".*"attributes":"service\.name"/);
  assert.match(said[0] ?? '', /"labels":"l10, l11,.* l39 and 10 more"/);
});
