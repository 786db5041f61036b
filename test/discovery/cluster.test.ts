/**
 * What one cluster treats as known, call by call: answers that are incomplete, refused in part,
 * late or out of order. The calls are faked; whole.test.ts checks the same rule against the
 * emulator.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '@aws-sdk/client-ec2';
import type { Task } from '@aws-sdk/client-ecs';
import { AwsCallError } from '../../src/aws/calls.ts';
import { type ClusterSource, ClusterState } from '../../src/discovery/ecs/cluster.ts';
import { boundDefinitions, createDefinitionShelf } from '../../src/discovery/ecs/details.ts';
import { SLOW_MS } from '../../src/discovery/shelf.ts';

const MINUTE = 60_000;

function makeTask(id: string, more: Partial<Task> = {}): Task {
  return {
    taskArn: `arn:${id}`,
    taskDefinitionArn: 'arn:web:1',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    version: 2,
    ...more,
  };
}

function makeTaskOnInstance(id: string, instance: string): Task {
  return makeTask(id, { containerInstanceArn: `arn:container-${instance}` });
}

/** Answers for the given tasks, and records what it was asked. */
class FakeAws implements ClusterSource {
  readonly region = 'us-east-1';
  readonly batch = 2;
  tasks: Task[] = [];
  readonly asked: string[] = [];
  /** Called before each answer: throws, or changes the state. */
  onCall: (call: string, keys: readonly string[]) => Promise<void> | void = () => undefined;
  readonly unknown = new Set<string>();
  readonly unanswered = new Set<string>();

  async listTaskArns(_cluster: string, onPage: (arns: readonly string[]) => void): Promise<void> {
    const arns = this.tasks.map(({ taskArn }) => taskArn ?? '');
    await this.#ask('ListTasks', ['page 1']);
    onPage(arns.slice(0, 2));
    // A page may be empty without being the last.
    onPage([]);
    await this.#ask('ListTasks', ['page 2']);
    onPage(arns.slice(2));
  }

  describeTasks(_cluster: string, arns: string[]) {
    return this.#answer('DescribeTasks', arns, (arn) =>
      this.tasks.find(({ taskArn }) => taskArn === arn),
    );
  }

  describeClusters(names: string[]) {
    return this.#answer('DescribeClusters', names, (clusterName) => ({ clusterName }));
  }

  describeDefinitions(arns: string[]) {
    return this.#answer('DescribeTaskDefinition', arns, (arn) => ({
      arn,
      family: 'web',
      revision: '1',
      networkMode: 'awsvpc',
      containers: [],
    }));
  }

  describeContainerInstances(_cluster: string, arns: string[]) {
    return this.#answer('DescribeContainerInstances', arns, (containerInstanceArn) => ({
      containerInstanceArn,
      ec2InstanceId: `i-${containerInstanceArn.slice('arn:container-'.length)}`,
    }));
  }

  describeServices(_cluster: string, names: string[]) {
    return this.#answer('DescribeServices', names, (serviceName) => ({
      serviceName,
      status: 'ACTIVE',
    }));
  }

  describeInstances(ids: string[]) {
    return this.#answer('DescribeInstances', ids, (InstanceId): Instance => ({ InstanceId }));
  }

  describeInterfaces(ids: string[]) {
    return this.#answer('DescribeNetworkInterfaces', ids, (NetworkInterfaceId) => ({
      NetworkInterfaceId,
    }));
  }

  async #ask(call: string, keys: readonly string[]): Promise<void> {
    this.asked.push(`${call} ${keys.join(' ')}`);
    await this.onCall(call, keys);
  }

  async #answer<Value>(
    call: string,
    keys: string[],
    find: (key: string) => Value | undefined,
  ): Promise<{ found: [string, Value][]; unknown: string[] }> {
    await this.#ask(call, keys);
    const rest = keys.filter((key) => !this.unanswered.has(key));
    const found = rest.flatMap((key): [string, Value][] => {
      const value = this.unknown.has(key) ? undefined : find(key);
      return value === undefined ? [] : [[key, value]];
    });
    const known = new Set(found.map(([key]) => key));
    return { found, unknown: rest.filter((key) => !known.has(key)) };
  }
}

function makeState(aws: FakeAws, more: { services?: boolean } = {}): ClusterState {
  const definitions = { shelf: createDefinitionShelf(aws, 'needed'), use: 'needed' as const };
  return new ClusterState('c', aws, definitions, { services: false, interfaces: false, ...more });
}

function arnsOf(state: ClusterState): string[] {
  return [...state.tasks()].map(({ taskArn }) => taskArn ?? '').toSorted();
}

function blocking(state: ClusterState): string[] {
  return state.lacks.filter(({ isBlocking }) => isBlocking).map(({ what }) => what);
}

const failing = (action: string, from = 0): FakeAws['onCall'] => {
  let seen = 0;
  return (call) => {
    if (call === action && seen++ >= from) throw new Error(`${action}: 500`);
  };
};

test('of several batches the ones that are answered count, and the others are asked again', async () => {
  const aws = new FakeAws();
  aws.tasks = ['a', 'b', 'c', 'd', 'e'].map((id) => makeTask(id));
  const state = makeState(aws);
  aws.onCall = failing('DescribeTasks', 1);
  await state.refresh(0);
  assert.deepEqual(arnsOf(state), ['arn:a', 'arn:b']);
  assert.deepEqual(blocking(state), ['ecs:DescribeTasks']);
  assert.equal(state.readAtMs, undefined);
  aws.onCall = () => undefined;
  await state.refresh(MINUTE);
  assert.equal(arnsOf(state).length, 5);
  assert.deepEqual(state.lacks, []);
  assert.equal(state.readAtMs, MINUTE);
});

test('a later page that fails adds what came before it, and removes nothing', async () => {
  const aws = new FakeAws();
  aws.tasks = ['a', 'b', 'c'].map((id) => makeTask(id));
  const state = makeState(aws);
  await state.refresh(0);
  aws.tasks = ['new', 'b', 'a'].map((id) => makeTask(id));
  aws.onCall = (call, [page]) => {
    if (call === 'ListTasks' && page === 'page 2') throw new Error('reset');
  };
  await state.refresh(MINUTE);
  assert.deepEqual(arnsOf(state), ['arn:a', 'arn:b', 'arn:c', 'arn:new']);
  aws.onCall = () => undefined;
  await state.refresh(2 * MINUTE);
  assert.deepEqual(arnsOf(state), ['arn:a', 'arn:b', 'arn:new']);
});

test('a task that is MISSING is gone; one that is not answered is neither gone nor known', async () => {
  const aws = new FakeAws();
  aws.tasks = ['a', 'b', 'c'].map((id) => makeTask(id));
  const state = makeState(aws);
  aws.unknown.add('arn:b');
  aws.unanswered.add('arn:c');
  await state.refresh(0);
  assert.deepEqual(arnsOf(state), ['arn:a']);
  assert.match(state.lacks[0]?.words ?? '', /1 tasks were not answered/);
  aws.unanswered.clear();
  await state.refresh(MINUTE);
  assert.deepEqual(arnsOf(state), ['arn:a', 'arn:c']);
  assert.deepEqual(state.lacks, []);
  aws.unanswered.add('arn:a').add('arn:c');
  await state.refresh(2 * MINUTE);
  assert.deepEqual(arnsOf(state), ['arn:a', 'arn:c'], 'known ones stay');
  assert.deepEqual(blocking(state), []);
});

test('an id that stays unknown holds up nothing, and is asked slowly', async () => {
  const aws = new FakeAws();
  aws.tasks = [makeTaskOnInstance('a', 'one'), makeTaskOnInstance('b', 'two')];
  aws.unknown.add('i-two');
  const state = makeState(aws);
  await state.refresh(0);
  assert.deepEqual(blocking(state), ['ec2:DescribeInstances'], 'it may be known in a moment');
  await state.refresh(MINUTE);
  assert.deepEqual(blocking(state), []);
  assert.match(state.lacks[0]?.words ?? '', /AWS does not know i-two/);
  aws.asked.length = 0;
  for (let minute = 2; minute < 10; minute++) await state.refresh(minute * MINUTE);
  assert.deepEqual(
    aws.asked.filter((one) => one.startsWith('DescribeInstances i-two')),
    [],
  );
  aws.unknown.clear();
  await state.refresh(MINUTE + SLOW_MS);
  assert.deepEqual(
    [...state.facts()].map(({ ec2 }) => ec2?.InstanceId),
    ['i-one', 'i-two'],
  );
});

test('one definition of many that fails costs its own tasks alone', async () => {
  const aws = new FakeAws();
  aws.tasks = ['a', 'b', 'c'].map((id) => makeTask(id, { taskDefinitionArn: `arn:${id}:1` }));
  aws.onCall = (call, [arn]) => {
    if (call === 'DescribeTaskDefinition' && arn === 'arn:b:1') throw new Error('500');
  };
  const state = makeState(aws);
  await state.refresh(0);
  const known = (): (string | undefined)[] => [...state.facts()].map((one) => one.definition?.arn);
  assert.deepEqual(known(), ['arn:a:1', undefined, 'arn:c:1']);
  aws.onCall = () => undefined;
  await state.refresh(MINUTE);
  assert.deepEqual(known(), ['arn:a:1', 'arn:b:1', 'arn:c:1']);
});

test('what is read again and fails keeps what was known', async () => {
  const aws = new FakeAws();
  aws.tasks = [{ ...makeTaskOnInstance('a', 'one'), group: 'service:web' }];
  const state = makeState(aws, { services: true });
  await state.refresh(0);
  aws.onCall = (call) => {
    if (/^Describe(?:Services|Clusters|ContainerInstances|Instances)/.test(call))
      throw new Error('500');
  };
  aws.asked.length = 0;
  await state.refresh(SLOW_MS);
  const [facts] = state.facts();
  assert.equal(facts?.service?.status, 'ACTIVE');
  assert.equal(facts?.ec2?.InstanceId, 'i-one');
  assert.ok(aws.asked.includes('DescribeServices web'), 'it was read again');
  assert.deepEqual(blocking(state), []);
  assert.equal(state.lacks.length, 4);
});

test('a denied call is believed at the second time, with one call for all of its keys', async () => {
  const aws = new FakeAws();
  aws.tasks = ['a', 'b', 'c', 'd', 'e'].map((id) => makeTaskOnInstance(id, id));
  const error = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
  aws.onCall = (call) => {
    if (call === 'DescribeContainerInstances')
      throw new AwsCallError('denied', 'refused', false, error);
  };
  const state = makeState(aws);
  await state.refresh(0);
  assert.deepEqual(blocking(state), ['ecs:DescribeContainerInstances']);
  await state.refresh(MINUTE);
  assert.deepEqual(blocking(state), []);
  assert.equal(state.lacks[0]?.cause, 'denied');
  assert.match(
    state.lacks[0]?.words ?? '',
    /^ecs:DescribeContainerInstances is denied .*without it: no targets on/,
  );
  const asked = aws.asked.filter((one) => one.startsWith('DescribeContainerInstances'));
  assert.equal(asked.length, 2);
});

test('a new task that an event told of is not taken off by a list that was begun before it', async () => {
  const aws = new FakeAws();
  aws.tasks = [makeTask('a')];
  const state = makeState(aws);
  await state.refresh(0);
  const list = aws.tasks;
  aws.onCall = async (call, [page]) => {
    if (call !== 'ListTasks' || page !== 'page 2') return;
    aws.onCall = () => undefined;
    aws.tasks = [...list, makeTask('new')];
    await state.takeEvents([makeTask('new')], MINUTE);
  };
  await state.refresh(MINUTE);
  assert.deepEqual(arnsOf(state), ['arn:a', 'arn:new']);
});

test('a late word of a task that has stopped does not bring it back', async () => {
  const aws = new FakeAws();
  aws.tasks = [makeTask('a')];
  const state = makeState(aws);
  await state.refresh(0);
  await state.takeEvents([makeTask('a', { version: 5, desiredStatus: 'STOPPED' })], MINUTE);
  assert.deepEqual(arnsOf(state), []);
  await state.takeEvents([makeTask('a', { version: 4 })], MINUTE);
  assert.deepEqual(arnsOf(state), []);
});

test('a task of which only an event told is described at the next reading', async () => {
  const aws = new FakeAws();
  // More tasks than a sample describes.
  const others = ['b', 'c', 'd', 'e', 'f'].map((id) => makeTask(id));
  aws.tasks = others;
  const state = makeState(aws);
  await state.refresh(0);
  aws.tasks = [...others, makeTask('a', { tags: [{ key: 'team', value: 'a' }] })];
  aws.onCall = failing('DescribeTasks');
  await state.takeEvents([makeTask('a')], MINUTE);
  assert.deepEqual([...state.tasks()].at(-1)?.tags, undefined);
  assert.equal(state.lacks[0]?.what, 'ecs:DescribeTasks');
  aws.onCall = () => undefined;
  await state.refresh(2 * MINUTE);
  assert.deepEqual([...state.tasks()].at(-1)?.tags, [{ key: 'team', value: 'a' }]);
  assert.deepEqual(state.lacks, []);
});

test('definitions in use are never the ones that go when there are too many', async () => {
  const aws = new FakeAws();
  const shelf = createDefinitionShelf(aws, 'needed');
  const old = makeTask('old', { taskDefinitionArn: 'arn:old:1' });
  const keep = (arn: string): void =>
    shelf.set(arn, { arn, family: '', revision: '', networkMode: '', containers: [] }, 0);
  keep('arn:old:1');
  for (let i = 0; i < 20_000; i++) keep(`arn:gone:${i}`);
  boundDefinitions(shelf, () => [old]);
  assert.equal(shelf.size, 1);
  assert.equal(shelf.get('arn:old:1')?.arn, 'arn:old:1');
});
