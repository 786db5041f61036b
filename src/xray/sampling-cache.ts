/**
 * Answers the two calls about sampling while X-Ray does not: rules by what was asked for, targets
 * by client and rule. A request waits a short while for X-Ray, then gets the kept answer, and the
 * call goes on behind it and renews what is kept. Equal calls at one time are one, and an answer of
 * rules is shared for some seconds, since many clients start at once. An answer that is not of
 * X-Ray's form, such as the page of a proxy, counts as none.
 *
 * A kept target is given as it came: the end of its quota is not put off, so that clients go on
 * with the rate alone when it has passed. Statistics that X-Ray did not take are added to the
 * client's next report (held-statistics.ts).
 * Limits: 1 s of waiting (5 s where nothing is kept); 200 answers of rules in 16 MiB, 25,000
 * targets in 32 MiB, 12 h old.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html
 */
import type { Clock } from '../kernel/clock.ts';
import type { ClientResponse } from '../kernel/http-client.ts';
import { HttpError } from '../kernel/http-error.ts';
import { type HttpResponse } from '../kernel/http-server.ts';
import type { ForwardMetrics } from './forward-metrics.ts';
import { HeldStatistics, type Taken } from './held-statistics.ts';
import { type Kept, KeptAnswers } from './kept-answers.ts';
import {
  isXrayAnswer,
  keyOf,
  mayPass,
  readReport,
  readTargets,
  type SamplingReport,
  type ReportedStatistics,
  type TargetsAnswer,
} from './sampling-report.ts';
import { passAnswer } from './pass-answer.ts';
import { type CallOutcome, SharedCalls, type CallWaiter } from './shared-calls.ts';

export interface SamplingCacheParts {
  /** The forwarder, in metrics. */
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: ForwardMetrics;
}

interface KeptTarget {
  /** X-Ray's document about the rule. */
  readonly document: unknown;
  /** When a rule was last changed, as X-Ray wrote it. */
  readonly lastChange: unknown;
}

type Send = (body: Buffer, signal: AbortSignal) => Promise<ClientResponse>;

/** How long a client waits for X-Ray where there is a kept answer, and where there is none. */
const PATIENCE_MS = 1_000;
const PATIENCE_WITHOUT_MS = 5_000;
/** For how long an answer of rules is shared. */
const FRESH_MS = 3_000;
export const KEPT_AGE_MAX_MS = 12 * 3_600_000;
const RULES = { count: 200, bytes: 16 * 1024 * 1024, ageMs: KEPT_AGE_MAX_MS };
const TARGETS = { count: 25_000, bytes: 32 * 1024 * 1024, ageMs: KEPT_AGE_MAX_MS };

export class SamplingCache {
  readonly #parts: SamplingCacheParts;
  readonly #rules: KeptAnswers<ClientResponse>;
  readonly #targets: KeptAnswers<KeptTarget>;
  readonly #held: HeldStatistics;
  /** By call and what is asked for. */
  readonly #calls: SharedCalls;
  #ownCalls = 0;

  constructor(parts: SamplingCacheParts) {
    const { name: forwarder, clock, metrics } = parts;
    this.#parts = parts;
    const metricsOf = (call: string): ConstructorParameters<typeof KeptAnswers>[2] => ({
      kept: metrics.kept.with({ forwarder, call }),
      keptBytes: metrics.keptBytes.with({ forwarder, call }),
      evicted: metrics.evicted.with({ forwarder, call }),
    });
    this.#rules = new KeptAnswers(RULES, clock, metricsOf('rules'));
    this.#targets = new KeptAnswers(TARGETS, clock, metricsOf('targets'));
    const givenUp = metrics.failures.with({ forwarder, reason: 'given_up' });
    this.#calls = new SharedCalls(() => givenUp.inc());
    this.#held = new HeldStatistics(clock, {
      held: metrics.held.with({ forwarder }),
      tooOld: metrics.statisticsDropped.with({ forwarder, reason: 'too_old' }),
      tooMany: metrics.statisticsDropped.with({ forwarder, reason: 'too_many' }),
    });
  }

  /**
   * Answers GetSamplingRules.
   *
   * @param key    what is asked for: equal requests have the same
   * @param fetch  asks X-Ray
   * @throws       HttpError where X-Ray gives no answer and none is kept
   */
  async rules(
    key: string,
    fetch: (signal: AbortSignal) => Promise<ClientResponse>,
  ): Promise<HttpResponse> {
    const fresh = this.#rules.find(key);
    if (fresh !== undefined && this.#rules.isWithin(fresh, FRESH_MS)) {
      this.#countShared('rules');
      return this.#passKept(fresh);
    }
    const begin = async (signal: AbortSignal): Promise<ClientResponse> => {
      const response = await fetch(signal);
      if (response.status === 200 && isXrayAnswer(response))
        this.#rules.keep(key, response, sizeOf(response));
      return response;
    };
    return this.#answer('rules', key, begin, () => {
      const kept = this.#rules.find(key);
      return kept === undefined ? undefined : this.#passKept(kept, WARNING);
    });
  }

  /**
   * Answers GetSamplingTargets.
   *
   * @param send  sends the report, or one with statistics added, to X-Ray
   * @throws      HttpError where X-Ray gives no answer and none is kept
   */
  async targets(body: Buffer, send: Send): Promise<HttpResponse> {
    const report = readReport(body);
    if (report === undefined) return passAnswer(await send(body, new AbortController().signal));
    return this.#answer(
      'targets',
      body.toString('latin1'),
      (signal) => this.#report(report, body, (sent) => send(sent, signal)),
      () => this.#composeTargets(report),
    );
  }

  async #report(
    report: SamplingReport,
    body: Buffer,
    send: (body: Buffer) => Promise<ClientResponse>,
  ): Promise<ClientResponse> {
    const taken = this.#held.take(report, body);
    try {
      const response = await send(taken.body);
      const { status, headers, body: answered } = response;
      const answer =
        status === 200 ? readTargets(answered, headers['content-encoding']) : undefined;
      if (answer !== undefined) this.#keepTargets(report, answer, taken);
      else if (status !== 200 && isXrayAnswer(response)) this.#countRefused(taken.sums.values());
      else this.#held.hold(taken);
      return response;
    } catch (error) {
      this.#held.hold(taken);
      throw error;
    }
  }

  /** Keeps the targets of an answer, and holds what X-Ray has not processed but may later. */
  #keepTargets(
    { statistics }: SamplingReport,
    { targets, lastChange, unprocessed }: TargetsAnswer,
    { sums }: Taken,
  ): void {
    const later: Taken['sums'] = new Map(
      statistics.flatMap((reported) => {
        const key = keyOf(reported);
        const sum = sums.get(key);
        const code = unprocessed.get(reported.RuleName);
        if (sum === undefined || code === undefined) return [];
        if (mayPass(code)) return [[key, sum]];
        this.#countRefused([sum]);
        return [];
      }),
    );
    if (later.size > 0) this.#held.hold({ sums: later });
    for (const reported of statistics) {
      const document = targets.get(reported.RuleName);
      if (document === undefined) continue;
      const size = Buffer.byteLength(JSON.stringify(document));
      this.#targets.keep(keyOf(reported), { document, lastChange }, size);
    }
  }

  /** Undefined where no target of the report is kept. */
  #composeTargets({ statistics, boosts }: SamplingReport): HttpResponse | undefined {
    const found: Kept<KeptTarget>[] = [];
    const without: ReportedStatistics[] = [];
    for (const reported of statistics) {
      const kept = this.#targets.find(keyOf(reported));
      if (kept === undefined) without.push(reported);
      else found.push(kept);
    }
    const [first] = found;
    if (first === undefined) return undefined;
    const newest = found.reduce((a, b) => (b.sinceMs > a.sinceMs ? b : a), first);
    const oldestMs = Math.max(...found.map((kept) => this.#targets.ageMs(kept)));
    const answer = {
      SamplingTargetDocuments: found.map(({ answer: { document } }) => document),
      LastRuleModification: newest.answer.lastChange,
      UnprocessedStatistics: without.map(({ RuleName }) => makeUnprocessed(RuleName)),
      ...(boosts.length === 0
        ? {}
        : { UnprocessedBoostStatistics: boosts.map((name) => makeUnprocessed(name)) }),
    };
    return {
      status: 200,
      headers: {
        'content-type': 'application/json',
        age: String(Math.floor(oldestMs / 1_000)),
        warning: WARNING,
      },
      body: JSON.stringify(answer),
    };
  }

  async #answer(
    name: 'rules' | 'targets',
    key: string,
    begin: (signal: AbortSignal) => Promise<ClientResponse>,
    findKept: () => HttpResponse | undefined,
  ): Promise<HttpResponse> {
    const waiter = this.#calls.join(`${name} ${key}`, begin);
    if (!waiter.isFirst) this.#countShared(name);
    try {
      const response = await this.#settle(waiter, name, findKept);
      if (waiter.isFirst || response.status < 400) return response;
      const outcome = await waiter.outcome;
      if ('error' in outcome || !isXrayAnswer(outcome.response)) return response;
    } finally {
      waiter.leave();
    }
    // X-Ray refused the call of another client, perhaps for its headers: this one makes its own.
    this.#ownCalls += 1;
    return this.#answer(name, `${this.#ownCalls} ${key}`, begin, findKept);
  }

  /** What X-Ray answers in time, else what is kept, else why there is no answer. */
  async #settle(
    { outcome: call }: CallWaiter,
    name: 'rules' | 'targets',
    findKept: () => HttpResponse | undefined,
  ): Promise<HttpResponse> {
    let outcome = await this.#waitFor(call, PATIENCE_MS);
    if (outcome !== undefined && 'response' in outcome && isXrayAnswer(outcome.response))
      return passAnswer(outcome.response);
    const kept = findKept();
    if (kept !== undefined) {
      const { name: forwarder, metrics } = this.#parts;
      metrics.stale.with({ forwarder, call: name }).inc();
      return kept;
    }
    outcome ??= await this.#waitFor(call, PATIENCE_WITHOUT_MS - PATIENCE_MS);
    if (outcome === undefined)
      throw new HttpError(
        504,
        `X-Ray has not answered within ${PATIENCE_WITHOUT_MS / 1_000} s, and no earlier answer ` +
          'is kept; ask again later',
      );
    if ('error' in outcome) throw outcome.error;
    return passAnswer(outcome.response);
  }

  /** Undefined where the time is over first. */
  async #waitFor(call: Promise<CallOutcome>, ms: number): Promise<CallOutcome | undefined> {
    const waiting = new AbortController();
    const isOver = this.#parts.clock.sleep(ms, waiting.signal).then(
      () => undefined,
      () => undefined,
    );
    const outcome = await Promise.race([call, isOver]);
    waiting.abort();
    return outcome;
  }

  #passKept(kept: Kept<ClientResponse>, warning?: string): HttpResponse {
    const { headers, ...answer } = passAnswer(kept.answer);
    const age = String(Math.floor(this.#rules.ageMs(kept) / 1_000));
    return {
      ...answer,
      headers: { ...headers, age, ...(warning === undefined ? {} : { warning }) },
    };
  }

  #countShared(call: string): void {
    this.#parts.metrics.shared.with({ forwarder: this.#parts.name, call }).inc();
  }

  /** X-Ray has refused a report for good: it would be refused again. */
  #countRefused(sums: Iterable<{ readonly reports: number }>): void {
    const { name: forwarder, metrics } = this.#parts;
    for (const { reports } of sums)
      metrics.statisticsDropped.with({ forwarder, reason: 'refused' }).inc(reports);
  }
}

/** RFC 7234 has its numbers; RFC 9111 leaves them to those who still read them, and keeps Age. */
const WARNING = '111 amperage "Revalidation Failed"';

function makeUnprocessed(rule: string): Record<string, string> {
  return {
    RuleName: rule,
    ErrorCode: 'ServiceUnavailable',
    Message: 'X-Ray does not answer, and no earlier target of this rule is kept',
  };
}

function sizeOf({ body, headers }: ClientResponse): number {
  const head = Object.entries(headers).reduce((sum, [name, value]) => {
    return sum + name.length + value.length;
  }, 0);
  return body.length + head;
}
