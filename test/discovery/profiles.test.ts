/**
 * The labels of the peers beside ours: for each peer the targets as its code makes them,
 * transcribed from its source (peers/), and the deliberate differences. The test fails when either
 * list is not exact.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../src/discovery/ecs/targets.ts';
import { cloudWatchAgent } from './peers/cloudwatch-agent.ts';
import { ecsobserver } from './peers/ecsobserver.ts';
import type { Labels, Peer, Targets } from './peers/peer.ts';
import { ecsDiscovery } from './peers/prometheus-ecs-discovery.ts';
import { type Kind, kinds } from './task-kinds.ts';

function judgeOurs({ profile, rules: own, tasks: all }: Peer): Targets {
  const options = { profile, rules: own, dropUnhealthy: false, jobLabel: 'prometheus_job' };
  const targets: Record<string, Labels> = {};
  for (const facts of all) {
    const kind = (Object.keys(kinds) as Kind[]).find(
      (one) => kinds[one].task.taskArn === facts.task.taskArn,
    );
    for (const { container, target } of judge(facts, options)) {
      if (target === undefined) continue;
      const { __address__: address, ...labels } = target;
      const key = `${kind} ${container} ${address}`;
      targets[key in targets ? `${key} again` : key] = labels;
    }
  }
  return targets;
}

for (const peer of [ecsobserver, cloudWatchAgent, ecsDiscovery])
  test(`targets and labels of ${peer.profile} are those that its code makes, but for what is listed`, () => {
    const ours = judgeOurs(peer);
    const { theirs } = peer;
    const differences: string[] = [];
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      const [their, our] = [theirs[key], ours[key]];
      if (their === undefined || our === undefined) {
        const shown = (one: Labels | undefined): string =>
          one === undefined ? 'none' : 'a target';
        differences.push(`${key}: ${shown(their)} → ${shown(our)}`);
        continue;
      }
      for (const name of new Set([...Object.keys(their), ...Object.keys(our)]))
        if (their[name] !== our[name])
          differences.push(`${key} ${name}: ${their[name]} → ${our[name]}`);
    }
    assert.deepEqual(differences.toSorted(), peer.differences.toSorted());
  });
