/**
 * Whether each job finds targets, and each target gives metrics that get through: one reading of
 * discovery, one scrape of some targets, and the series of that scrape led through relabelling and
 * the routes to the sinks. Nothing is stored.
 * Limits: 20 targets of a job and 100 in all are scraped, 10 at once; 20,000 series of a body.
 */
import type { CollectorPlan, SourcePlan } from '../config/plan.ts';
import type { Explained } from '../discovery/mechanism.ts';
import { readFirstList } from '../discovery/first-list.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import { createLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import type { TargetGroup } from '../model/target.ts';
import { fetchExposition } from '../scrape/fetch.ts';
import { listTargets, type Target } from '../scrape/target.ts';
import { DEFAULT_PROTOCOLS } from '../wire/exposition/negotiation.ts';
import { defineCheck, type Telling } from './check.ts';
import { type ConnectionFault, describeBriefly, judgeConnection, oneLine } from './faults.ts';
import { judgeSeries, type SeriesFault } from './series.ts';
import type { DoctorSubject } from './subject.ts';

const DISCOVERY_TIMEOUT_MS = 10_000;
const SCRAPE_TIMEOUT_MS = 5_000;
const TARGETS_OF_JOB_MAX = 20;
const AT_ONCE = 10;
/** Lines of evidence of one finding. */
const EVIDENCE_MAX = 5;

type TargetFault =
  | 'target-refused'
  | 'target-timeout'
  | 'target-unresolved'
  | 'target-tls'
  | 'target-status'
  | 'target-not-metrics'
  | 'target-failed';

type Ids = TargetFault | SeriesFault | 'targets-none' | 'discovery-failed' | 'target-unusable';

const BY_CONNECTION: Readonly<Record<ConnectionFault, TargetFault>> = {
  refused: 'target-refused',
  timeout: 'target-timeout',
  'no-route': 'target-timeout',
  unresolved: 'target-unresolved',
  resolver: 'target-unresolved',
  'tls-name': 'target-tls',
  'tls-trust': 'target-tls',
  'tls-expired': 'target-tls',
  tls: 'target-tls',
  reset: 'target-failed',
  other: 'target-failed',
};

export const targetsCheck = defineCheck({
  id: 'targets',
  looksAt: 'what each job finds, whether targets answer with metrics, and what gets through',
  timeoutMs: 45_000,
  kinds: {
    'discovery-failed': {
      severity: 'error',
      means: 'The discovery of a job gives no list of targets.',
      remedy: 'See the reason; a call that is denied needs the permission that is named.',
      page: 'discovery.md',
    },
    'targets-none': {
      severity: 'warning',
      means: 'The discovery of a job works, and finds no target.',
      remedy:
        'See why each candidate is none: a task has to run, be registered, and bear the ' +
        'label, tag or port that the job asks for; "amperage check service-discovery FILE ' +
        'JOB --steps" has all.',
      page: 'discovery.md',
    },
    'target-unusable': {
      severity: 'error',
      means: 'A target is found whose address or settings cannot be scraped.',
      remedy: 'Correct what relabel_configs make of __address__ and __metrics_path__.',
      page: 'scraping.md',
    },
    'target-refused': {
      severity: 'error',
      means: 'The machine of the target is there, and nothing listens at the port.',
      remedy:
        'Correct the port (label, tag, portMappings); see that the application listens on ' +
        '0.0.0.0 and not on 127.0.0.1, and that it runs.',
      page: 'scraping.md',
    },
    'target-timeout': {
      severity: 'error',
      means: 'The target does not answer, not even with a refusal: most often a security group.',
      remedy:
        'Let the security group of the targets take the port from that of the collector; see ' +
        'that both are in one VPC, or that their routes meet.',
      page: 'how-to/fargate-to-amp.md',
    },
    'target-unresolved': {
      severity: 'error',
      means: 'The name of the target does not resolve.',
      remedy: 'Correct the name; one of Cloud Map is known in its VPC only.',
      page: 'discovery.md',
    },
    'target-tls': {
      severity: 'error',
      means: 'TLS with the target fails.',
      remedy:
        'Set scheme and tls_config of the job: ca_file, server_name; http where the target has ' +
        'no TLS.',
      page: 'tls.md',
    },
    'target-status': {
      severity: 'error',
      means: 'The target answers with another status than 200.',
      remedy:
        'Correct metrics_path (404), or give the job the credentials that the target wants ' +
        '(401, 403).',
      page: 'scraping.md',
    },
    'target-not-metrics': {
      severity: 'error',
      means: 'The target answers, and not with metrics: a web page, JSON, or a faulty exposition.',
      remedy: 'Correct port and metrics_path; "amperage check metrics" tells the faults of a body.',
      page: 'scraping.md',
    },
    'target-failed': {
      severity: 'error',
      means: 'The target closes the connection, or its answer cannot be used.',
      remedy: "See the application's log at the moment of the scrape.",
      page: 'scraping.md',
    },
    'target-relabelling-fails': {
      severity: 'error',
      means: 'metric_relabel_configs or a limit of the job makes each scrape of the target fail.',
      remedy: 'Correct the rules or raise the limit that is named.',
      page: 'scraping.md',
    },
    'series-all-dropped': {
      severity: 'error',
      means: 'A target gives series, and relabelling drops all of them before they are stored.',
      remedy:
        'Correct metric_relabel_configs: a regex is for the whole value, and "keep" drops all ' +
        'else.',
      page: 'scraping.md',
    },
    'write-drops-all': {
      severity: 'error',
      means:
        'The series of a job get as far as a sink, and write_relabel_configs or a processor ' +
        'drops all of them.',
      remedy:
        'Correct the rules of that sink: a regex is for the whole value, and "keep" drops all ' +
        'else.',
      page: 'remote-write.md',
    },
    'samples-too-old': {
      severity: 'error',
      means: 'The target gives times of its own that are more than an hour old; AMP refuses those.',
      remedy: 'Set honor_timestamps: false for the job, or let the target leave out the times.',
      page: 'scraping.md',
    },
    'labels-above-amp': {
      severity: 'error',
      means: 'A series has more labels, or longer ones, than AMP takes.',
      remedy: 'Drop labels by metric_relabel_configs with action labeldrop.',
      page: 'remote-write.md',
    },
    'replica-without-cluster': {
      severity: 'warning',
      means:
        'Series bear __replica__ and no cluster: AMP does not recognize the pair, and stores ' +
        'both.',
      remedy:
        'Add external_labels: cluster with one value for both collectors, __replica__ with one ' +
        'for each.',
      page: 'remote-write.md',
    },
  },
  async look(subject, tell, signal) {
    const { plan } = subject.checked;
    if (plan === undefined || plan.sources.length === 0) {
      tell.skipped('no job is configured');
      return;
    }
    for (const source of plan.sources) {
      if (signal.aborted) return;
      if (source.discovery.entries.length === 0) continue;
      await lookAtJob(source, plan, subject, { tell, signal });
    }
  },
});

interface Way {
  readonly tell: Telling<Ids>;
  readonly signal: AbortSignal;
}

async function lookAtJob(
  source: SourcePlan,
  plan: CollectorPlan,
  subject: DoctorSubject,
  way: Way,
): Promise<void> {
  const { tell } = way;
  const { position: where } = source;
  const job = `job "${source.id}"`;
  const explained: Explained[] = [];
  const lacks = new Set<string>();
  let groups: readonly TargetGroup[];
  try {
    groups = await readFirstList(source.discovery, {
      // What fails is told here, and not by the log.
      world: { ...subject.world, log: SILENT, metrics: new Registry() },
      callLimits: subject.callLimits,
      baseDirectory: subject.baseDirectory,
      timeoutMs: DISCOVERY_TIMEOUT_MS,
      onExplained: (_, list) => explained.splice(0, Infinity, ...list),
      onLacking: (_, list) => list.forEach(({ words }) => lacks.add(oneLine(words))),
    });
  } catch (error) {
    const evidence = [...lacks].slice(0, EVIDENCE_MAX);
    const reasons = evidence.length > 0 ? evidence : [describeBriefly(error)];
    tell.found('discovery-failed', { what: `${job} has no list`, where, evidence: reasons });
    return;
  }
  const { targets, failures, droppedCount } = listTargets(groups, source.scrape);
  if (failures.length > 0)
    tell.found('target-unusable', {
      what: `${job}: ${failures.length} targets cannot be scraped`,
      where,
      evidence: failures.slice(0, EVIDENCE_MAX).map(oneLine),
    });
  const words = [...lacks].slice(0, EVIDENCE_MAX);
  if (targets.length > 0) await scrapeTargets(targets, source, plan, { ...way, subject });
  else if (words.length > 0)
    tell.found('discovery-failed', { what: `${job} has no target`, where, evidence: words });
  else if (failures.length === 0)
    tell.found('targets-none', {
      what: `${job} finds no target${describeDropped(droppedCount)}`,
      where,
      evidence: explain(explained).slice(0, EVIDENCE_MAX),
    });
}

function describeDropped(count: number): string {
  return count === 0 ? '' : `: relabel_configs drop ${count}`;
}

const SILENT = createLogger({ level: 'error', write: () => undefined });

function explain(list: readonly Explained[]): readonly string[] {
  return list.flatMap(({ verdicts }) =>
    verdicts.filter(({ target }) => target === undefined).map(({ words }) => oneLine(words)),
  );
}

async function scrapeTargets(
  targets: readonly Target[],
  source: SourcePlan,
  plan: CollectorPlan,
  { tell, signal, subject }: Way & { readonly subject: DoctorSubject },
): Promise<void> {
  const { scrape, position: where } = source;
  const { connection, allowMetadataAddresses } = scrape;
  const http = createHttpClient({
    connection,
    isGuarded: !allowMetadataAddresses,
    reusesBodies: true,
    resolve: subject.edges.resolve,
  });
  const faults = new Map<Ids, string[]>();
  const waiting = targets.slice(0, TARGETS_OF_JOB_MAX);
  const tried = waiting.length;
  let series = 0;
  const scrapeOne = async (target: Target): Promise<void> => {
    const told = (id: Ids, words: string): void =>
      void faults.set(id, [...(faults.get(id) ?? []), `${target.url}: ${words}`]);
    if (target.fault !== undefined) {
      told('target-unusable', target.fault);
      return;
    }
    try {
      const { body, kind } = await fetchExposition({
        http,
        clock: subject.world.clock,
        config: { ...scrape, protocols: DEFAULT_PROTOCOLS },
        userAgent: 'amperage doctor',
        url: target.url,
        socketPath: target.socketPath,
        timeoutMs: Math.min(target.timeoutMs, SCRAPE_TIMEOUT_MS),
        signal,
      });
      const judged = judgeSeries({ body, kind, target, source, plan }, subject);
      series += judged.series;
      for (const [id, words] of judged.faults) told(id, words);
    } catch (error) {
      told(judgeTarget(error), describeBriefly(error));
    }
  };
  const work = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await scrapeOne(one);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await http.close();
  }
  for (const [id, cases] of faults)
    tell.found(id, {
      what: `job "${source.id}": ${cases.length} of ${tried} targets`,
      where,
      evidence: cases.slice(0, EVIDENCE_MAX),
    });
  if (faults.size === 0)
    tell.ok(`job "${source.id}": ${targets.length} targets, ${tried} tried, ${series} series`);
}

function judgeTarget(error: unknown): TargetFault {
  const { code = '' } = error as { readonly code?: string };
  if (code === 'SCRAPE_STATUS') return 'target-status';
  if (/^SCRAPE_|^EXPOSITION/.test(code) || (error as Error).name === 'ExpositionError')
    return 'target-not-metrics';
  return BY_CONNECTION[judgeConnection(error)];
}
