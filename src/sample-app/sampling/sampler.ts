/**
 * Decides which requests are traced, by the rules of X-Ray, which it fetches in the background: the
 * rules at its start and every five minutes, targets as often as they say. While there are no rules
 * the default of the SDKs decides, and a line says so once. A decision never waits.
 */
import { readMoment } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { describeError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import { LocalDefault } from './local-default.ts';
import type { SamplingRequest } from './rule.ts';
import { RuleTable } from './rule-table.ts';
import { type SamplingService, splitStatistics } from './service.ts';

export interface SamplingDecision {
  readonly isSampled: boolean;
  /** The name of the rule; undefined when the default of the SDKs decided. */
  readonly rule: string | undefined;
}

const RULES_MS = 300_000;
const RULES_JITTER_MS = 5_000;
/** After a failure the rules are asked for sooner, at doubled waits: a daemon may start later. */
const RETRY_MIN_MS = 10_000;
/** How often it is looked whether a rule is to be told. */
const TICK_MS = 1_000;

export interface SamplerOptions {
  readonly world: Pick<World, 'clock' | 'log' | 'metrics'>;
  /** Undefined where no TCP address is known: then the default of the SDKs decides for good. */
  readonly service: SamplingService | undefined;
  /** Gives numbers 0 ≤ x < 1. */
  readonly random: () => number;
}

export class TraceSampler implements Component {
  readonly name = 'sampler';
  readonly #options: SamplerOptions;
  readonly #table: RuleTable;
  readonly #default: LocalDefault;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #refreshing: Promise<boolean> | undefined;
  #seenModificationMs = -Infinity;
  /** What the last line said of the rules, so that a change is said once. */
  #said: 'rules' | 'default' | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#table = new RuleTable(options.random);
    this.#default = new LocalDefault(options.random);
  }

  decide(request: SamplingRequest): SamplingDecision {
    const now = readMoment(this.#options.world.clock);
    const decision = this.#table.decide(request, now);
    return (
      decision ?? {
        isSampled: this.#default.isSampled(Math.floor(now.wallMs / 1_000)),
        rule: undefined,
      }
    );
  }

  /** Returns before the rules are there. */
  start(): Promise<void> {
    const { service, world } = this.#options;
    if (service === undefined) {
      world.log.info(
        'no TCP address of an X-Ray daemon is given; one request a second and 5 % of the others ' +
          'are traced',
      );
      return Promise.resolve();
    }
    const until = (loop: Promise<void>): Promise<void> => loop.catch(() => undefined);
    this.#loops = Promise.all([until(this.#followRules()), until(this.#followTargets(service))]);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the sampler is stopping'));
    await this.#loops;
  }

  async #followRules(): Promise<void> {
    const { clock } = this.#options.world;
    let retryMs = RETRY_MIN_MS;
    for (;;) {
      const isLoaded = await this.#refreshRules();
      const jitterMs = this.#options.random() * RULES_JITTER_MS;
      await clock.sleep((isLoaded ? RULES_MS : retryMs) + jitterMs, this.#stopping.signal);
      retryMs = isLoaded ? RETRY_MIN_MS : Math.min(RULES_MS, retryMs * 2);
    }
  }

  /** One refresh at a time: a second caller waits for the first one's. */
  #refreshRules(): Promise<boolean> {
    this.#refreshing ??= this.#fetchRules().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #fetchRules(): Promise<boolean> {
    const { world, service } = this.#options;
    const asked = readMoment(world.clock);
    try {
      const answer = await service?.rules(this.#stopping.signal);
      // An account has at least the rule Default: a list without any is not an answer of X-Ray.
      if (answer === undefined || answer.rules.length === 0) throw new Error('there are no rules');
      this.#table.load(answer.rules, asked);
      this.#calls('GetSamplingRules', 'ok');
      this.#say('rules', { rules: answer.rules.length, left_out: answer.leftOut });
      return true;
    } catch (error) {
      if (this.#stopping.signal.aborted) return false;
      this.#calls('GetSamplingRules', 'failed');
      if (!this.#table.isValid(asked)) this.#say('default', { error });
      else world.log.debug('sampling rules were not refreshed', { error: describeError(error) });
      return false;
    }
  }

  async #followTargets(service: SamplingService): Promise<void> {
    for (;;) {
      await this.#options.world.clock.sleep(TICK_MS, this.#stopping.signal);
      await this.#tellStatistics(service);
    }
  }

  async #tellStatistics(service: SamplingService): Promise<void> {
    const { clock, log } = this.#options.world;
    for (const part of splitStatistics(this.#table.takeDue(readMoment(clock)))) {
      try {
        const answer = await service.targets(part, clock.nowMs(), this.#stopping.signal);
        this.#table.assign(answer.targets);
        this.#calls('SamplingTargets', 'ok');
        await this.#followModification(answer.modifiedMs);
      } catch (error) {
        this.#table.restore(part);
        if (this.#stopping.signal.aborted) return;
        this.#calls('SamplingTargets', 'failed');
        log.debug('sampling targets were not fetched', { error: describeError(error) });
      }
    }
  }

  /** Rules that were changed after the last fetch are fetched at once, once for each change. */
  async #followModification(modifiedMs: number): Promise<void> {
    if (modifiedMs <= this.#table.loadedMs || modifiedMs <= this.#seenModificationMs) return;
    if (await this.#refreshRules()) this.#seenModificationMs = modifiedMs;
  }

  #say(what: 'rules' | 'default', fields: Readonly<Record<string, unknown>>): void {
    if (this.#said === what) return;
    this.#said = what;
    const { log } = this.#options.world;
    if (what === 'rules') log.info('traces are sampled by the rules of X-Ray', fields);
    else
      log.warn(
        'no sampling rules of X-Ray could be fetched; until then one request a second and 5 % of ' +
          'the others are traced',
        { error: describeError(fields['error']) },
      );
  }

  #calls(call: 'GetSamplingRules' | 'SamplingTargets', outcome: 'ok' | 'failed'): void {
    this.#options.world.metrics
      .counters('sample_app_sampling_calls_total', 'Calls for sampling, by call and outcome.')
      .with({ call, outcome })
      .inc();
  }
}
