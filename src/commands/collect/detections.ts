/**
 * The detections of a collector and how they follow a plan: one that stays as it is keeps what it
 * knows.
 */
import type { TransformPlan } from '../../config/plan.ts';
import type { World } from '../../kernel/world.ts';
import type { Transform } from '../../model/transform.ts';
import { Detection } from '../../transforms/detected-resource/detection.ts';
import { detectedInSpans } from '../../transforms/spans/resource.ts';
import type { SpanTransform } from '../../wire/otlp/span-transform.ts';
import { identifyDetection } from '../../transforms/detected-resource/settings.ts';

export interface DetectionsOptions {
  readonly world: World;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Something has become known after the wait of its start. */
  readonly onLate: () => void;
}

export class Detections {
  readonly #options: DetectionsOptions;
  readonly #running = new Map<string, { readonly identity: string; readonly run: Detection }>();

  constructor(options: DetectionsOptions) {
    this.#options = options;
  }

  /** Begins what is new, and waits for it, for each at most its timeout. */
  async apply(plans: readonly Pick<TransformPlan, 'id' | 'detection'>[]): Promise<void> {
    const wanted = new Map(
      plans.flatMap(({ id, detection }) => (detection === undefined ? [] : [[id, detection]])),
    );
    const gone: Detection[] = [];
    for (const [id, { identity, run }] of this.#running) {
      const settings = wanted.get(id);
      if (settings !== undefined && identifyDetection(settings) === identity) continue;
      this.#running.delete(id);
      gone.push(run);
    }
    const begun = [...wanted].flatMap(([id, settings]): Detection[] => {
      if (this.#running.has(id)) return [];
      const run = new Detection({ name: id, settings, ...this.#options });
      this.#running.set(id, { identity: identifyDetection(settings), run });
      return [run];
    });
    await Promise.all([...gone.map((run) => run.stop()), ...begun.map((run) => run.start())]);
  }

  /** By id, the transforms by what is known at present. */
  get transforms(): ReadonlyMap<string, Transform> {
    return new Map([...this.#running].map(([id, { run }]) => [id, run.transform]));
  }

  /** The same for spans. */
  get spanTransforms(): ReadonlyMap<string, SpanTransform> {
    return new Map(
      [...this.#running].map(([id, { run }]) => [id, detectedInSpans(id, run.known, run.override)]),
    );
  }

  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(running.map(({ run }) => run.stop()));
  }
}
