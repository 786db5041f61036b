import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { InstanceReader } from './instances.ts';
import { ServiceState } from './service-state.ts';

function makeState(source: {
  readonly tags: () => Record<string, string>;
  readonly address: () => string;
}): ServiceState {
  const clock = new VirtualClock();
  const unexpected = (): Promise<never> => Promise.reject(new Error('not expected'));
  const api = {
    readTags: async () => new Map(Object.entries(source.tags())),
    // The revision never increases, whatever changes.
    readRevision: async () => 1,
    discoverInstances: async () => ({
      instances: [
        { id: 'a', attributes: { AWS_INSTANCE_IPV4: source.address() }, isUnhealthy: false },
      ],
      revision: 1,
      isCut: false,
    }),
    listInstances: unexpected,
    listUnhealthy: unexpected,
  };
  return new ServiceState(
    { id: 'ns', name: 'space', httpName: 'space', owner: undefined },
    { id: 'srv', arn: 'arn', name: 's' },
    {
      api,
      instances: new InstanceReader(api, { clock, log: silentLogger }, false),
      elapsedMs: () => clock.nowMs(),
      hasMeta: false,
      dropUnhealthy: false,
    },
  );
}

const addressOf = ({ groups }: ServiceState): string | undefined =>
  groups[0]?.targets[0]?.['__address__'];

test('a changed address under the same id, which need not raise the revision, is seen when tags are read', async () => {
  let address = '10.0.0.1';
  const state = makeState({ tags: () => ({ METRICS_PATH: '/m' }), address: () => address });
  await state.refresh(false);
  address = '10.0.0.2';
  await state.refresh(false);
  assert.equal(addressOf(state), '10.0.0.1:80', 'the revision is the same');
  await state.refresh(true);
  assert.equal(addressOf(state), '10.0.0.2:80');
});

test('groups stay the same objects while nothing changes', async () => {
  const state = makeState({ tags: () => ({ METRICS_PATH: '/m' }), address: () => '10.0.0.1' });
  await state.refresh(false);
  const { groups } = state;
  await state.refresh(false);
  assert.equal(state.groups, groups);
});

test('a service that loses its tags has no targets, and the reason is told', async () => {
  let tags: Record<string, string> = { METRICS_PATH: '/m' };
  const state = makeState({ tags: () => tags, address: () => '10.0.0.1' });
  await state.refresh(false);
  tags = {};
  await state.refresh(true);
  assert.deepEqual(state.groups, []);
  assert.equal(state.explained[0]?.verdicts[0]?.reason, 'no_tags');
});
