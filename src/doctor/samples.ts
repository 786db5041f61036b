/** Settings that are valid and show only at AMP: what it refuses, or takes and does not keep. */
import { scopeOfHost } from '../aws/endpoints.ts';
import { defineCheck } from './check.ts';
import { describeSeconds } from './faults.ts';

/** Of AMP: how old a sample may be. */
const AGE_MAX_MS = 3_600_000;
/** How far back a query of Prometheus looks for the last sample of a series. */
const LOOK_BACK_MS = 5 * 60_000;
const REQUEST_MAX_BYTES = 1_000_000;

export const samplesCheck = defineCheck({
  id: 'samples',
  looksAt: 'settings that only show at AMP: ages, intervals, exemplars, sizes, histograms',
  timeoutMs: 1_000,
  kinds: {
    'sample-age-above-amp': {
      severity: 'warning',
      means:
        'Samples are kept for longer than AMP takes them: after an outage it refuses them one ' +
        'by one.',
      remedy: 'Leave queue_config.sample_age_limit out for AMP, or set at most 1h.',
      page: 'remote-write.md',
    },
    'interval-gaps': {
      severity: 'warning',
      means:
        'A job is scraped more seldom than queries look back: graphs have gaps between its ' +
        'samples.',
      remedy: 'Set scrape_interval to at most 2m.',
      page: 'scraping.md',
    },
    'exemplars-not-kept': {
      severity: 'warning',
      means: 'Exemplars are sent to AMP, which keeps none.',
      remedy: 'Leave send_exemplars out for AMP.',
      page: 'remote-write.md',
    },
    'request-above-amp': {
      severity: 'warning',
      means:
        'Requests may be larger than AMP takes: each such is refused and sent again in halves.',
      remedy: 'Leave queue_config.max_bytes_per_send out for AMP, or set at most 1MB.',
      page: 'remote-write.md',
    },
    'histograms-custom-buckets': {
      severity: 'warning',
      means:
        'Classic histograms are made native ones with their own bounds, which AMP does not ' +
        'know.',
      remedy: 'Leave convert_classic_histograms_to_nhcb out for jobs that go to AMP.',
      page: 'scraping.md',
    },
  },
  look({ uses, checked: { plan } }, tell) {
    const toAmp = (plan?.sinks ?? []).flatMap((sink) => {
      const use = uses.find((one) => one.what === `${sink.kind} "${sink.name}"`);
      return use?.aws?.service === 'aps' && use.remoteWrite !== undefined
        ? [{ sink, remoteWrite: use.remoteWrite }]
        : [];
    });
    let faults = 0;
    const found: typeof tell.found = (id, told) => {
      faults += 1;
      tell.found(id, told);
    };
    for (const { sink, remoteWrite } of toAmp) {
      const what = `${sink.kind} "${sink.name}"`;
      const { position: where, delivery } = sink;
      const ageMs = delivery?.ageLimitMs ?? 0;
      // Of another host it is not known what it takes: a receiver in front of AMP, a trial.
      const isOfAws = scopeOfHost(new URL(remoteWrite.url).host) !== undefined;
      if ((ageMs === 0 && isOfAws) || ageMs > AGE_MAX_MS)
        found('sample-age-above-amp', {
          what: `${what}: samples of ${describeAge(ageMs)} are sent`,
          where,
        });
      if (remoteWrite.sendExemplars) found('exemplars-not-kept', { what, where });
      const bytes = delivery?.maxBytesPerSend ?? 0;
      if (bytes > REQUEST_MAX_BYTES)
        found('request-above-amp', { what: `${what}: requests of up to ${bytes} bytes`, where });
    }
    const sendsNative = toAmp.some(({ remoteWrite }) => remoteWrite.sendNativeHistograms);
    for (const { id, scrape, position: where } of plan?.sources ?? []) {
      const what = `job "${id}"`;
      if (scrape.scrapeIntervalMs > LOOK_BACK_MS)
        found('interval-gaps', {
          what: `${what}: each ${describeSeconds(scrape.scrapeIntervalMs)}`,
          where,
        });
      if (sendsNative && scrape.histograms.convertsClassic)
        found('histograms-custom-buckets', { what, where });
    }
    if (plan === undefined) tell.skipped('the configuration cannot be used');
    else if (faults === 0) tell.ok('nothing that AMP would refuse or leave out');
    return Promise.resolve();
  },
});

function describeAge(ageMs: number): string {
  return ageMs === 0 ? 'any age' : `up to ${describeSeconds(ageMs)}`;
}
