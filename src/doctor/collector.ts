/**
 * What a collector that runs says of itself: targets that are down, with their reasons, and what it
 * could not deliver. It is asked at the address where this configuration would listen.
 */
import { parseForeignJson } from '../kernel/foreign-json.ts';
import { readTextInSteps } from '../wire/exposition/text-samples.ts';
import { defineCheck, type Telling } from './check.ts';
import { describeSeconds, oneLine } from './faults.ts';
import type { Subject } from './subject.ts';

type Ids = 'collector-targets-down' | 'collector-drops' | 'collector-fails';

const TIMEOUT_MS = 5_000;
const BODY_MAX_BYTES = 32 * 1_048_576;
const REASONS_MAX = 5;

export const collectorCheck = defineCheck({
  id: 'collector',
  looksAt: 'a collector that runs here: targets that are down, samples lost or refused',
  timeoutMs: 15_000,
  kinds: {
    'collector-targets-down': {
      severity: 'error',
      means: 'The collector that runs cannot scrape some of its targets.',
      remedy: 'See the reasons; the findings on targets say what to do.',
      page: 'scraping.md',
    },
    'collector-drops': {
      severity: 'warning',
      means: 'The collector has lost items since it started, for the reasons that are named.',
      remedy:
        'See docs/remote-write.md for the reason: series_limit is a quota of AMP, too_old an ' +
        'outage or a clock, out_of_order two collectors with the same labels.',
      page: 'remote-write.md',
    },
    'collector-fails': {
      severity: 'warning',
      means:
        'The collector that runs has not delivered for long: what it sends is tried again and ' +
        'again.',
      remedy:
        'See the findings on endpoints, signatures and permissions, and the log of the ' +
        'collector.',
      page: 'remote-write.md',
    },
  },
  async look(subject, tell, signal) {
    const { collectorUrl } = subject;
    const targets = await get(subject, '/api/v1/targets?state=active', signal);
    if (targets === undefined) {
      tell.skipped(`no collector answers at ${collectorUrl}`);
      return;
    }
    const down = tellTargets(targets.toString(), tell);
    const metrics = await get(subject, '/metrics', signal);
    const lost = metrics === undefined ? false : tellLosses(metrics, tell);
    if (!down && !lost) tell.ok(`${collectorUrl}: its targets are up, nothing is lost`);
  },
});

async function get(
  { world, collectorUrl }: Subject,
  path: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const limits = { timeoutMs: TIMEOUT_MS, bodyMaxBytes: BODY_MAX_BYTES, signal };
  try {
    const url = `${collectorUrl}${path}`;
    const { status, body } = await world.http.send({ method: 'GET', url, ...limits });
    return status === 200 ? body : undefined;
  } catch {
    return undefined;
  }
}

interface ActiveTarget {
  readonly health?: string;
  readonly lastError?: string;
  readonly scrapePool?: string;
  readonly scrapeUrl?: string;
}

function tellTargets(text: string, tell: Telling<Ids>): boolean {
  const { data } = parseForeignJson(text) as {
    data?: { activeTargets?: readonly ActiveTarget[] };
  };
  const down = (data?.activeTargets ?? []).filter(({ health }) => health === 'down');
  const byReason = new Map<string, ActiveTarget[]>();
  for (const target of down) {
    // Reasons that differ by the address alone are one reason.
    const words = oneLine(target.lastError ?? '').replaceAll(/\S*\d+\.\d+\.\d+\.\d+\S*/g, '…');
    const reason = `${target.scrapePool}: ${words}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), target]);
  }
  if (down.length === 0) return false;
  tell.found('collector-targets-down', {
    what: `${down.length} of ${data?.activeTargets?.length ?? 0} targets are down`,
    evidence: [...byReason]
      .sort(([, a], [, b]) => b.length - a.length)
      .slice(0, REASONS_MAX)
      .map(([reason, list]) => `${list.length} × ${reason} (${list[0]?.scrapeUrl ?? ''})`),
  });
  return true;
}

/** What waits for longer is no wait between two requests. */
const BEHIND_SECONDS = 600;

function tellLosses(body: Buffer, tell: Telling<Ids>): boolean {
  const lost = new Map<string, number>();
  const behind = new Map<string, number>();
  for (const sample of readTextInSteps(body, 'text')) {
    if (sample === 'pause' || typeof sample.value !== 'number') continue;
    const labels = Object.fromEntries(sample.labels);
    const { __name__: name, sink = '', queue = '', reason = '' } = labels;
    if (name === 'amperage_sink_items_dropped_total' && sample.value > 0)
      lost.set(`${sink}: ${reason}`, (lost.get(`${sink}: ${reason}`) ?? 0) + sample.value);
    if (name === 'queue_oldest_age_seconds' && sample.value > BEHIND_SECONDS)
      behind.set(queue, sample.value);
  }
  if (lost.size > 0)
    tell.found('collector-drops', {
      what: `${[...lost.values()].reduce((sum, count) => sum + count, 0)} items were lost`,
      evidence: [...lost].map(([key, count]) => `${key} ${count}`),
    });
  for (const [queue, seconds] of behind)
    tell.found('collector-fails', {
      what: `what waits in the queue "${queue}" has waited for ${describeSeconds(seconds * 1_000)}`,
    });
  return lost.size + behind.size > 0;
}
