/** Alarms on the workspace: names and dimensions as AMP tells CloudWatch its usage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderCloudFormation } from '../../src/deploy/cloudformation/render.ts';
import { describeModel } from './models.ts';

test('usage near a quota, and discarded samples of this workspace alone', () => {
  const id = 'ws-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
  const { Resources } = renderCloudFormation(
    describeModel({ alarms: { ingestion_rate: 200_000 }, workspace: { id } }),
  );
  const of = (name: string): Record<string, unknown> =>
    (Resources as Record<string, { Properties: Record<string, unknown> }>)[name]?.Properties ?? {};
  for (const [name, resource, threshold] of [
    ['WorkspaceSeries', 'ActiveSeries', 40_000_000],
    ['WorkspaceRate', 'IngestionRate', 160_000],
  ] as const) {
    const { Namespace, MetricName, Dimensions, Threshold } = of(name);
    assert.deepEqual([Namespace, MetricName, Threshold], ['AWS/Usage', 'ResourceCount', threshold]);
    assert.deepEqual(
      Object.fromEntries(
        (Dimensions as { Name: string; Value: string }[]).map(({ Name, Value }) => [Name, Value]),
      ),
      {
        Type: 'Resource',
        Service: 'Prometheus',
        Class: 'None',
        Resource: resource,
        ResourceId: id,
      },
    );
  }
  const [query] = of('WorkspaceDiscards')['Metrics'] as { Expression: string }[];
  assert.equal(
    query?.Expression,
    'SELECT SUM(DiscardedSamples) FROM SCHEMA("AWS/Prometheus", Reason, Workspace) ' +
      `WHERE Workspace = '${id}'`,
  );
  assert.equal(of('WorkspaceDiscards')['Threshold'], 0);
});
