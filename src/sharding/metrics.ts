/** The metrics of a collector about the division of targets with others. */
import type { Registry } from '../kernel/metrics.ts';
import type { PeerView } from './agreement.ts';

const REACHES = ['answers', 'asking', 'refuses', 'silent'] as const satisfies PeerView['reach'][];

export type MembershipMetrics = ReturnType<typeof newMembershipMetrics>;

export function newMembershipMetrics(metrics: Registry) {
  const peers = metrics.gauges(
    'amperage_shard_peers',
    'Other collectors, by what asking them comes to.',
  );
  return {
    members: metrics.gauge(
      'amperage_shard_members',
      'Collectors that divide the targets among themselves.',
    ),
    alone: metrics.gauge(
      'amperage_shard_alone',
      '1 while nothing is known of other collectors and all targets are scraped.',
    ),
    listAge: metrics.gauge(
      'amperage_shard_list_age_seconds',
      'How long ago the list of collectors was read, by whichever of them.',
    ),
    handOvers: metrics.counter(
      'amperage_shard_hand_overs_total',
      'How often the targets were divided anew.',
    ),
    handOverSeconds: metrics
      .histograms(
        'amperage_shard_hand_over_seconds',
        'From a new division being known to its targets being scraped here.',
        [0.1, 0.5, 1, 5, 15, 60],
      )
      .with({}),
    peers(views: ReadonlyMap<string, PeerView>): void {
      for (const reach of REACHES)
        peers
          .with({ reach })
          .set([...views.values()].filter((view) => view.reach === reach).length);
    },
  };
}
