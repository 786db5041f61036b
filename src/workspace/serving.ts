/**
 * A workspace as it is served: its store, the limits of AMP over it, and the routes of its API
 * below any prefix. Who may write and read is for those who serve it to say.
 */
import type { Route } from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import type { Authorize } from './api/authorize.ts';
import type { Faults } from './api/faults.ts';
import { type LimitName, type Limits, RequestGate } from './api/limits.ts';
import { queryRoutes } from './api/query.ts';
import type { ApiCall } from './api/routes.ts';
import { writeRoute } from './api/write.ts';
import { makeRuleCalls } from './rules/calls.ts';
import { RuleEvaluator } from './rules/evaluator.ts';
import { Store, STORE_DEFAULTS, type StoreOptions } from './storage/store.ts';

export interface ServedOptions {
  readonly directory: string;
  readonly retentionMs: number;
  readonly limits: Limits;
  readonly faults: Faults;
  /** Whether remote write 2.0 is accepted; AMP documents only 1.0. */
  readonly takes2: boolean;
  /** That of Amperage, for `status/buildinfo`. */
  readonly version: string;
  readonly moreCalls?: readonly ApiCall[];
  readonly world: World;
}

export class ServedWorkspace {
  readonly store: Store;
  /** Evaluates the rules that it is given, where it is started. */
  readonly rules: RuleEvaluator;
  readonly #options: ServedOptions;
  readonly #gate: RequestGate;
  /** The store reads its retention from it each time. */
  readonly #kept: { retentionMs: number };

  constructor(options: ServedOptions) {
    const { directory, retentionMs, limits, world } = options;
    this.#options = options;
    this.#gate = new RequestGate(limits, world.clock);
    const given = { ...STORE_DEFAULTS, directory, ...limitStore(limits), retentionMs };
    this.#kept = given;
    this.store = new Store(given, world);
    this.rules = new RuleEvaluator(this.store, world);
  }

  /** Sets for how long samples are kept. */
  setRetention(retentionMs: number): void {
    this.#kept.retentionMs = retentionMs;
  }

  /** Where samples are written. */
  writeRoute(prefix: string, authorize: Authorize): Route {
    const { world, faults, takes2 } = this.#options;
    const { store } = this;
    return writeRoute({ prefix, store, world, authorize, gate: this.#gate, faults, takes2 });
  }

  /** Where faults are set while it runs. */
  faultsRoute(): Route {
    return this.#options.faults.route();
  }

  queryRoutes(prefix: string, authorize: Authorize): Route[] {
    const { world, version, moreCalls: others = [] } = this.#options;
    const moreCalls = [...makeRuleCalls(() => this.rules.groups), ...others];
    return queryRoutes(prefix, { store: this.store, world, version, moreCalls, authorize });
  }
}

/** The limits that the store enforces. For a limit that is off, the store's default stays. */
function limitStore(limits: Limits): Partial<StoreOptions> {
  const where = (name: LimitName, to: (value: number) => Partial<StoreOptions>) =>
    limits[name] === 0 ? {} : to(limits[name]);
  return {
    ...where('labels-per-series', (labelsMax) => ({ labelsMax })),
    ...where('label-bytes', (labelBytesMax) => ({ labelBytesMax })),
    ...where('series', (max) => ({ seriesMax: Math.min(max, STORE_DEFAULTS.seriesMax) })),
    ...where('series-per-metric', (seriesPerMetricMax) => ({ seriesPerMetricMax })),
    ...where('sample-age-seconds', (seconds) => ({ sampleAgeMaxMs: seconds * 1_000 })),
    ...where('out-of-order-seconds', (seconds) => ({ outOfOrderWindowMs: seconds * 1_000 })),
    ...where('ha-clusters', () => ({ stripsReplica: true })),
  };
}
