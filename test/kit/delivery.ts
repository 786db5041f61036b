/**
 * Parts for tests of delivery: chunks whose items are numbers, a protocol that answers from a list,
 * and a logger whose lines are kept.
 */
import type { Outcome } from '../../src/delivery/attempt.ts';
import { Load } from '../../src/delivery/load.ts';
import { Losses } from '../../src/delivery/losses.ts';
import { type DeliveryMetrics, newDeliveryMetrics } from '../../src/delivery/metrics.ts';
import {
  type Answer,
  type Halves,
  halveChunks,
  type Protocol,
} from '../../src/delivery/protocol.ts';
import { VirtualClock } from '../../src/kernel/clock.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { SearchAllowance } from '../../src/delivery/search-allowance.ts';
import type { Chunk } from '../../src/model/queue.ts';

/** A chunk whose items are numbers: `chunkOf([1, 2])` has two items, with the times 1 and 2. */
export function chunkOf(items: readonly number[], lane = 0): Chunk {
  const bytes = Buffer.from(items.join(' '));
  return {
    bytes,
    items: items.length,
    oldestMs: Math.min(...items),
    newestMs: Math.max(...items),
    lane,
    rawBytes: bytes.length,
  };
}

export function itemsIn(chunks: readonly Chunk[]): number[] {
  return chunks.flatMap(({ bytes }) => Buffer.from(bytes).toString().split(' ').map(Number));
}

/**
 * A protocol for chunks of numbers. Odd numbers belong to the owner `odd`, others to `even`. The
 * answer to each request comes from a function that gets the numbers sent.
 */
export class NumberProtocol implements Protocol<readonly Chunk[]> {
  readonly sent: number[][] = [];
  readonly #answer: (items: readonly number[], attempt: number) => Answer | Promise<Answer>;

  constructor(
    answer: (items: readonly number[], attempt: number) => Answer | Promise<Answer> = () => ({
      kind: 'delivered',
      bytes: 1,
    }),
  ) {
    this.#answer = answer;
  }

  encode = (chunks: readonly Chunk[]): readonly Chunk[] => chunks;

  async send(chunks: readonly Chunk[], attempt: number): Promise<Answer> {
    const items = itemsIn(chunks);
    this.sent.push(items);
    return this.#answer(items, attempt);
  }

  halve(chunks: readonly Chunk[]): Halves | undefined {
    if (chunks.length > 1) return halveChunks(chunks);
    const items = itemsIn(chunks);
    if (items.length < 2) return undefined;
    const middle = Math.ceil(items.length / 2);
    return {
      first: [chunkOf(items.slice(0, middle))],
      second: [chunkOf(items.slice(middle))],
      isOrdered: false,
    };
  }

  ownersOf(chunks: readonly Chunk[]): ReadonlyMap<string, number> {
    const owners = new Map<string, number>();
    for (const item of itemsIn(chunks)) {
      const owner = item % 2 === 1 ? 'odd' : 'even';
      owners.set(owner, (owners.get(owner) ?? 0) + 1);
    }
    return owners;
  }
}

export interface Bench {
  readonly clock: VirtualClock;
  readonly world: { clock: VirtualClock; log: ReturnType<typeof createLogger>; metrics: Registry };
  readonly metrics: DeliveryMetrics;
  readonly load: Load;
  readonly losses: Losses;
  readonly allowance: SearchAllowance;
  readonly lines: string[];
  readonly signals: { readonly ending: AbortSignal; readonly stopping: AbortSignal };
  readonly end: () => void;
  readonly pendingItems: () => number;
  /** Losses as `reason owner items`. */
  lost(): string[];
}

export function bench(protocol: Pick<Protocol<unknown>, 'ownersOf'> = {}): Bench {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = createLogger({ write: (line) => void lines.push(line), clock, format: 'logfmt' });
  const registry = new Registry();
  const metrics = newDeliveryMetrics(registry, 'test');
  const found: string[] = [];
  const losses = new Losses({
    sink: 'test',
    protocol,
    metrics: registry,
    log,
    clock,
    onLoss: ({ reason, owner, items }) => void found.push(`${reason} ${owner} ${items}`),
  });
  const abort = new AbortController();
  return {
    clock,
    world: { clock, log, metrics: registry },
    metrics,
    load: new Load(metrics),
    losses,
    allowance: new SearchAllowance(clock, registry.counter('searched', 'Requests.')),
    lines,
    pendingItems: () => 7,
    signals: { ending: abort.signal, stopping: abort.signal },
    end: () => abort.abort(new Error('the test ends it')),
    lost: () => found,
  };
}

export const DONE: Outcome = { kind: 'done' };
