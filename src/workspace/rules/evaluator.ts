/**
 * Evaluates the rule groups of a workspace, each in its interval, and writes what they give back to
 * its store. A series that a rule no longer gives gets a stale marker.
 * Limits: a rule ends after RULE_MAX_MS, and groups that are due wait for one another.
 */
import type { Component } from '../../kernel/component.ts';
import { describeError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import { type LabelSet, labelSetKey } from '../../model/labels.ts';
import { encodeLabels } from '../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../wire/remote-write/encoder.ts';
import { compress } from '../../wire/snappy.ts';
import { ExecutionError } from '../promql/errors.ts';
import type { Store } from '../storage/store.ts';
import { readRuleGroups, type RuleGroup } from './groups.ts';
import { type RuleSample, RuleState } from './rule-state.ts';

const RULE_MAX_MS = 10_000;
/** How often groups are looked for that are due. */
const TICK_MS = 500;

export interface EvaluatedGroup {
  readonly group: RuleGroup;
  /** The name of the file, or namespace. */
  readonly file: string;
  readonly states: readonly RuleState[];
  lastAtMs: number | undefined;
  lastSeconds: number;
  /** Of elapsed time. */
  dueMs: number;
}

export class RuleEvaluator implements Component {
  readonly name = 'rules';
  readonly #store: Store;
  readonly #world: World;
  readonly #stopping = new AbortController();
  readonly #files = new Map<string, readonly EvaluatedGroup[]>();
  readonly #count: (outcome: 'ok' | 'error') => void;
  #running: Promise<void> = Promise.resolve();

  constructor(store: Store, world: World) {
    this.#store = store;
    this.#world = world;
    const evaluations = world.metrics.counters(
      'workspace_rule_evaluations_total',
      'Evaluations of rules, by outcome.',
    );
    this.#count = (outcome) => evaluations.with({ outcome }).inc();
  }

  get groups(): readonly EvaluatedGroup[] {
    return [...this.#files.values()].flat();
  }

  /**
   * Sets the groups of a file; undefined takes them away.
   *
   * @throws Error for a text with a fault
   */
  setFile(file: string, text: string | undefined): void {
    if (text === undefined) {
      this.#files.delete(file);
      return;
    }
    const reading = readRuleGroups(text);
    if (!('groups' in reading)) throw new Error(Object.values(reading).join());
    const dueMs = this.#world.clock.elapsedMs();
    this.#files.set(
      file,
      reading.groups.map((group) => ({
        group,
        file,
        states: group.rules.map((rule) => new RuleState(rule)),
        lastAtMs: undefined,
        lastSeconds: 0,
        dueMs,
      })),
    );
  }

  start(): Promise<void> {
    this.#running = this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the rules are stopping'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#world;
    for (;;) {
      try {
        await clock.sleep(TICK_MS, this.#stopping.signal);
      } catch {
        return;
      }
      await this.evaluateDue();
    }
  }

  /** Evaluates the groups whose time has come. */
  async evaluateDue(): Promise<void> {
    const { clock } = this.#world;
    for (const one of this.groups) {
      const startMs = clock.elapsedMs();
      if (one.dueMs > startMs) continue;
      await this.#evaluate(one);
      one.lastSeconds = (clock.elapsedMs() - startMs) / 1_000;
      one.dueMs = Math.max(one.dueMs + one.group.intervalMs, clock.elapsedMs());
    }
  }

  /** Each rule sees what those before it have written. */
  async #evaluate(one: EvaluatedGroup): Promise<void> {
    const { clock } = this.#world;
    const atMs = clock.nowMs() - one.group.offsetMs;
    one.lastAtMs = atMs;
    for (const state of one.states) {
      const startMs = clock.elapsedMs();
      const check = (): void => {
        if (clock.elapsedMs() - startMs > RULE_MAX_MS)
          throw new ExecutionError(`the rule takes above ${RULE_MAX_MS} ms`);
      };
      state.lastAtMs = atMs;
      try {
        await this.#write(state, state.evaluate(this.#store, atMs, one.group, { check }), atMs);
        state.lastError = undefined;
        this.#count('ok');
      } catch (error) {
        this.#count('error');
        if (state.lastError === undefined)
          this.#world.log.warn('a rule could not be evaluated', {
            rule: state.rule.name,
            error: describeError(error),
          });
        state.lastError = describeError(error).slice(0, 1_000);
      }
      state.lastSeconds = (clock.elapsedMs() - startMs) / 1_000;
    }
  }

  async #write(state: RuleState, samples: readonly RuleSample[], atMs: number): Promise<void> {
    const encoder = new WriteRequestEncoder();
    const given = new Map<string, LabelSet>();
    for (const { labels, value } of samples) {
      encoder.append(encodeLabels(labels), atMs, value);
      given.set(labelSetKey(labels), labels);
    }
    for (const [key, labels] of state.given)
      if (!given.has(key)) encoder.appendStale(encodeLabels(labels), atMs);
    state.given = given;
    if (encoder.length === 0) return;
    const { firstRejection } = await this.#store.write(compress(encoder.bytes()));
    if (firstRejection !== undefined) throw new Error(firstRejection);
  }
}
