import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsCallError } from '../../aws/calls.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import type { Discovered, Instance, CloudMapNamespace, CloudMapService } from './api.ts';
import { InstanceReader, type InstanceSource } from './instances.ts';

const NAMESPACE: CloudMapNamespace = {
  id: 'ns',
  name: 'space',
  httpName: 'space',
  owner: undefined,
};
const SERVICE: CloudMapService = { id: 'srv', arn: 'arn', name: 's' };

const one = (id: string): Instance => ({ id, attributes: {}, isUnhealthy: false });
const answer = (ids: readonly string[], revision: number): Discovered => ({
  instances: ids.map(one),
  revision,
  isCut: false,
});
const error = (awsName: string, failure: AwsCallError['failure'] = 'error'): AwsCallError =>
  new AwsCallError(awsName, failure, false, Object.assign(new Error(awsName), { name: awsName }));

function createReader(
  source: Partial<InstanceSource>,
  needsHealth = false,
): { reader: InstanceReader; clock: VirtualClock; calls: string[] } {
  const clock = new VirtualClock();
  const calls: string[] = [];
  const record =
    <Args extends unknown[], T>(name: string, call: ((...args: Args) => Promise<T>) | undefined) =>
    (...args: Args): Promise<T> => {
      calls.push(name);
      return call === undefined ? Promise.reject(error('Unexpected')) : call(...args);
    };
  const all = {
    readRevision: record('readRevision', source.readRevision),
    discoverInstances: record('discoverInstances', source.discoverInstances),
    listInstances: record('listInstances', source.listInstances),
    listUnhealthy: record('listUnhealthy', source.listUnhealthy),
  };
  const world = { clock, log: silentLogger };
  return { reader: new InstanceReader(all, world, needsHealth), clock, calls };
}

const ids = (result: Awaited<ReturnType<InstanceReader['read']>>): readonly string[] =>
  result === 'unchanged' ? [result] : result.instances.map(({ id }) => id);

test('instances are in the order of their ids, whatever the order of the answer', async () => {
  const { reader } = createReader({ discoverInstances: async () => answer(['b', 'c', 'a'], 1) });
  assert.deepEqual(ids(await reader.read(NAMESPACE, SERVICE, undefined)), ['a', 'b', 'c']);
});

test('an answer older than what is known changes nothing', async () => {
  const { reader } = createReader({
    readRevision: async () => 6,
    discoverInstances: async () => answer(['a'], 4),
  });
  assert.deepEqual(ids(await reader.read(NAMESPACE, SERVICE, 5)), ['unchanged']);
});

test('an unchanged revision makes the list unnecessary', async () => {
  const { reader, calls } = createReader({ readRevision: async () => 5 });
  assert.deepEqual(ids(await reader.read(NAMESPACE, SERVICE, 5)), ['unchanged']);
  assert.deepEqual(calls, ['readRevision']);
});

test('where health matters the revision is not asked for, because health does not raise it', async () => {
  const { reader, calls } = createReader({ discoverInstances: async () => answer(['a'], 5) }, true);
  assert.deepEqual(ids(await reader.read(NAMESPACE, SERVICE, 5)), ['a']);
  assert.deepEqual(calls, ['discoverInstances']);
});

test('an unreachable call is avoided for a minute for all services, a denied one for ten minutes for its service', async () => {
  for (const [failure, waitMs] of [
    ['timeout', 60_000],
    ['refused', 600_000],
  ] as const) {
    const { reader, clock, calls } = createReader({
      discoverInstances: async () => Promise.reject(error('Denied', failure)),
      listInstances: async () => [one('a')],
    });
    const other = { ...SERVICE, id: 'other' };
    assert.deepEqual(ids(await reader.read(NAMESPACE, SERVICE, undefined)), ['a']);
    await reader.read(NAMESPACE, other, undefined);
    assert.deepEqual(
      calls.splice(0),
      failure === 'timeout'
        ? ['discoverInstances', 'listInstances', 'listInstances']
        : ['discoverInstances', 'listInstances', 'discoverInstances', 'listInstances'],
    );
    await clock.advance(waitMs - 1);
    await reader.read(NAMESPACE, SERVICE, undefined);
    await clock.advance(1);
    await reader.read(NAMESPACE, SERVICE, undefined);
    assert.deepEqual(calls, ['listInstances', 'discoverInstances', 'listInstances']);
  }
});

test('a way that is avoided is still taken when the other fails', async () => {
  let isDown = true;
  const { reader } = createReader({
    discoverInstances: async () => (isDown ? Promise.reject(error('Down')) : answer(['a'], 1)),
    listInstances: async () => (isDown ? [one('b')] : Promise.reject(error('Down'))),
  });
  assert.deepEqual(ids(await reader.read(NAMESPACE, SERVICE, undefined)), ['b']);
  isDown = false;
  assert.deepEqual(ids(await reader.read(NAMESPACE, SERVICE, undefined)), ['a']);
});

test('when both ways fail the error names both; a service is gone when both say so, or one does and the other is denied', async () => {
  const failing = (discovered: AwsCallError, listed: AwsCallError): Promise<unknown> =>
    createReader({
      discoverInstances: async () => Promise.reject(discovered),
      listInstances: async () => Promise.reject(listed),
    }).reader.read(NAMESPACE, SERVICE, undefined);
  const gone = error('ServiceNotFound');
  await assert.rejects(failing(error('First'), error('Second')), /First.*; Second/);
  await assert.rejects(failing(gone, gone), { awsName: 'ServiceNotFound' });
  await assert.rejects(failing(gone, error('Denied', 'refused')), { awsName: 'ServiceNotFound' });
  await assert.rejects(failing(gone, error('Down')), /ServiceNotFound.*; Down/);
});

test('denied health checks leave all instances in, and the lack is told', async () => {
  const { reader } = createReader(
    {
      discoverInstances: async () => Promise.reject(error('Denied', 'refused')),
      listInstances: async () => [one('a')],
      listUnhealthy: async () => Promise.reject(error('Denied', 'refused')),
    },
    true,
  );
  const result = await reader.read(NAMESPACE, SERVICE, undefined);
  assert.deepEqual(ids(result), ['a']);
  assert.ok(result !== 'unchanged');
  assert.deepEqual(
    result.lacks.map(({ what, isBlocking }) => [what, isBlocking]),
    [['servicediscovery:GetInstancesHealthStatus', false]],
  );
});
