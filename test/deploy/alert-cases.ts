/**
 * What the alerts on the collector are tried with: the series of a collector that is well, as near
 * to the thresholds as it may be, and for each alert the series that change when it is to fire.
 * Values are an hour of them, one a minute, as promtool writes them.
 */

/** Values by series. */
type SeriesValues = Readonly<Record<string, string>>;

export const WELL: SeriesValues = {
  'amperage_scrapes_total{instance="c"}': '0+9x60',
  'amperage_scrape_targets_down{instance="c",scrape_job="ecs"}': '0x60',
  'amperage_scrape_samples_dropped_total{instance="c",scrape_job="ecs",reason="out_of_order"}':
    '3x60',
  'amperage_sink_items_dropped_total{instance="c",sink="amp",reason="too_old",owner="ecs"}': '5x60',
  'amperage_xray_documents_dropped_total{instance="c",receiver="xray",reason="memory"}': '1x60',
  'amperage_statsd_datagrams_dropped_total{instance="c",receiver="statsd",reason="memory"}': '1x60',
  'queue_oldest_age_seconds{instance="c",queue="remote_write/amp"}': '290x60',
  'queue_max_age_seconds{instance="c",queue="remote_write/amp"}': '3540x60',
  'queue_disk_bytes{instance="c",queue="remote_write/amp"}': '790x60',
  'queue_unwritten_bytes{instance="c",queue="remote_write/amp"}': '0x60',
  'queue_cap_bytes{instance="c",queue="remote_write/amp"}': '1000x60',
  'queue_disk_refuses{instance="c",queue="remote_write/amp"}': '0x60',
  // Without a limit of age.
  'queue_oldest_age_seconds{instance="c",queue="file_write/out"}': '280x60',
  'queue_max_age_seconds{instance="c",queue="file_write/out"}': '0x60',
  'amperage_sd_lacking{instance="c",config="ecs",mechanism="ecs",what="ecs:ListTasks",cause="failed"}':
    '0x60',
  'amperage_sd_snapshot_age_seconds{instance="c",scope="shop"}': '890x60',
  'prometheus_config_last_reload_successful{instance="c"}': '1x60',
  'amperage_config_source_failures_total{instance="c",source="ssm"}': '2x60',
  'amperage_credentials_expiry_timestamp_seconds{instance="c",source="task"}': '130+60x60',
  'amperage_clock_steps_total{instance="c",direction="back"}': '3x60',
  'amperage_event_loop_delay_seconds_bucket{instance="c",le="0.1"}': '0+60x60',
  'amperage_event_loop_delay_seconds_bucket{instance="c",le="0.25"}': '0+60x60',
  'amperage_event_loop_delay_seconds_bucket{instance="c",le="0.5"}': '0+60x60',
  'amperage_event_loop_delay_seconds_bucket{instance="c",le="+Inf"}': '0+60x60',
};

/** Each row names an alert, and by their beginnings the series that change. */
export const ILL: readonly (readonly [alert: string, changes: SeriesValues])[] = [
  ['AmperageAbsent', { amperage_scrapes_total: '0+9x20' }],
  ['AmperageTargetsDown', { amperage_scrape_targets_down: '2x60' }],
  // Counters that had counted before, and counters that begin with the loss.
  ['AmperageScrapeSamplesDropped', { amperage_scrape_samples_dropped_total: '3x40 5x20' }],
  ['AmperageScrapeSamplesDropped', { amperage_scrape_samples_dropped_total: '_x40 5x20' }],
  ['AmperageItemsLost', { amperage_sink_items_dropped_total: '1x40 9x20' }],
  ['AmperageItemsLost', { amperage_sink_items_dropped_total: '_x40 7x20' }],
  ['AmperageReceivedLost', { amperage_xray_documents_dropped_total: '1x40 2x20' }],
  ['AmperageReceivedLost', { amperage_statsd_datagrams_dropped_total: '1x40 2x20' }],
  ['AmperageSendingBehind', { 'queue_oldest_age_seconds{instance="c",queue="remote': '310x60' }],
  ['AmperageQueueNearAge', { 'queue_max_age_seconds{instance="c",queue="remote': '360x60' }],
  ['AmperageQueueNearCap', { queue_disk_bytes: '810x60' }],
  ['AmperageQueueNearCap', { queue_disk_bytes: '0x60', queue_unwritten_bytes: '810x60' }],
  ['AmperageDiskRefuses', { queue_disk_refuses: '1x60' }],
  ['AmperageDiscoveryLacks', { amperage_sd_lacking: '1x60' }],
  ['AmperageDiscoveryStale', { amperage_sd_snapshot_age_seconds: '910x60' }],
  ['AmperageReloadFailed', { prometheus_config_last_reload_successful: '0x60' }],
  ['AmperageConfigUnread', { amperage_config_source_failures_total: '2+1x60' }],
  ['AmperageCredentialsEnd', { amperage_credentials_expiry_timestamp_seconds: '110+60x60' }],
  ['AmperageClockSet', { amperage_clock_steps_total: '3x40 4x20' }],
  [
    'AmperageLoopLate',
    {
      'amperage_event_loop_delay_seconds_bucket{instance="c",le="0.1"}': '0x60',
      'amperage_event_loop_delay_seconds_bucket{instance="c",le="0.25"}': '0x60',
    },
  ],
];

/** The series of a collector that is well, but for those whose beginnings are named. */
export function changeSeries(changes: SeriesValues): SeriesValues {
  const changed = Object.entries(WELL).map(([series, values]) => {
    const start = Object.keys(changes).find((one) => series.startsWith(one));
    return [series, start === undefined ? values : (changes[start] ?? values)] as const;
  });
  return Object.fromEntries(changed);
}
