/**
 * The sets of dimensions of metrics: those that declarations choose, else all labels, and those of
 * the rollup besides. Pure.
 *
 *     name ─► declarations that select it ─┐
 *     labels ─► declarations that match ───┴─► their sets whose labels are all there ─► + rollup
 *
 * Limits: 10,000 names whose declarations are remembered.
 * Source: contrib's exporter/awsemfexporter/{metric_translator,metric_declaration,util}.go
 */
import { EMF_DIMENSIONS_MAX } from '../../wire/emf/limits.ts';
import type { EventSettings, LabelMatcher } from './config.ts';

/** The label that holds the name of an instrumentation scope. */
export const SCOPE_LABEL = 'OTelLib';

const NAMES_MAX = 10_000;

export interface DimensionChoice {
  /** Each sorted; none when the metric is only in the log. */
  readonly sets: readonly (readonly string[])[];
  /** What CloudWatch would not take, and is left out. */
  readonly faults: readonly DimensionFault[];
  /** The sets that declarations have for it, where the labels of none are all there. */
  readonly missed: readonly (readonly string[])[];
}

export interface DimensionFault {
  readonly fault: string;
  readonly label?: string;
  readonly dimensions?: number;
}

/** The labels of an event, as far as dimensions depend on them. */
export interface DimensionLabels {
  /** Sorted. */
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  /** Labels that CloudWatch takes for no dimension, each with the reason. */
  readonly unfit: ReadonlyMap<string, string>;
}

type Settings = Pick<EventSettings, 'declarations' | 'rollup' | 'extractsMetrics'>;

const NO_CHOICE: DimensionChoice = { sets: [], faults: [], missed: [] };

/** Chooses dimensions for the metrics of one set of labels; remembers what it has chosen. */
export type ChooseDimensions = (name: string) => DimensionChoice;

export class DimensionRules {
  readonly #settings: Settings;
  /** The declarations that select a name, the same list for the same ones. */
  readonly #byName = new Map<string, readonly number[]>();
  readonly #lists = new Map<string, readonly number[]>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  open(labels: DimensionLabels): ChooseDimensions {
    const { declarations, rollup, extractsMetrics } = this.#settings;
    if (!extractsMetrics) return () => NO_CHOICE;
    if (declarations.length === 0) {
      const choice = checkSets([labels.names, ...listRollup(rollup, labels.names)], labels);
      return () => choice;
    }
    const matching = declarations.map(({ matchers }) => isMatched(matchers, labels.values));
    const rolledUp = listRollup(rollup, labels.names);
    const choices = new Map<readonly number[], DimensionChoice>();
    return (name) => {
      const selecting = this.#findDeclarations(name);
      const known = choices.get(selecting);
      if (known !== undefined) return known;
      const chosen = selecting.filter((index) => matching[index] === true);
      const sets = chosen.flatMap((index) => declarations[index]?.dimensions ?? []);
      const present = sets.filter((set) => set.every((one) => labels.values.has(one)));
      const missed = present.length === 0 ? sets : [];
      const choice =
        chosen.length === 0
          ? NO_CHOICE
          : { ...checkSets([...present, ...rolledUp], labels), missed };
      choices.set(selecting, choice);
      return choice;
    };
  }

  #findDeclarations(name: string): readonly number[] {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const { declarations } = this.#settings;
    const selecting = declarations.flatMap(({ names }, index) =>
      names.some((pattern) => pattern.test(name)) ? [index] : [],
    );
    const key = selecting.join();
    const list = this.#lists.get(key) ?? selecting;
    this.#lists.set(key, list);
    if (this.#byName.size >= NAMES_MAX) this.#byName.clear();
    this.#byName.set(name, list);
    return list;
  }
}

function isMatched(
  matchers: readonly LabelMatcher[],
  values: ReadonlyMap<string, string>,
): boolean {
  if (matchers.length === 0) return true;
  return matchers.some(({ labels, separator, pattern }) =>
    pattern.test(labels.map((name) => values.get(name) ?? '').join(separator)),
  );
}

/** The scope is in each set, and is no label of which there is a set. */
function listRollup(
  rollup: Settings['rollup'],
  names: readonly string[],
): readonly (readonly string[])[] {
  if (rollup === 'NoDimensionRollup') return [];
  const scope = names.includes(SCOPE_LABEL) ? [SCOPE_LABEL] : [];
  const labels = names.filter((name) => name !== SCOPE_LABEL);
  const zero = rollup === 'ZeroAndSingleDimensionRollup' && labels.length > 0 ? [scope] : [];
  return [...zero, ...labels.map((name) => [...scope, name].sort())];
}

/** Without doubles, and without what CloudWatch does not take. */
function checkSets(
  sets: readonly (readonly string[])[],
  { unfit }: DimensionLabels,
): DimensionChoice {
  const unique = new Map<string, readonly string[]>();
  const faults: DimensionFault[] = [];
  for (const set of sets) {
    const label = set.find((name) => unfit.has(name));
    if (label !== undefined) faults.push({ fault: unfit.get(label) ?? '', label });
    else if (set.length > EMF_DIMENSIONS_MAX)
      faults.push({
        fault: `more than ${EMF_DIMENSIONS_MAX} dimensions`,
        dimensions: set.length,
      });
    else unique.set(set.join('\0'), set);
  }
  return { sets: [...unique.values()], faults, missed: [] };
}
