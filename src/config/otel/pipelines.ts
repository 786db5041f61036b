/**
 * Checks the pipelines: every reference must name a component that is defined, and what becomes of
 * each component is reported once, at its line. The result are the pipelines of metrics and traces,
 * with the receivers and exporters that can be done.
 */
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import type { Signal } from '../../sinks/sink.ts';
import { nearest } from '../nearest.ts';
import { besideFor, insteadOfUnknown, NOUNS, typeOf } from './components.ts';
import { adviceOf, describeMisfit } from './signals.ts';
import type { CollectorInput, OtelComponent } from './document.ts';
import { fateOf, findKind, knownTypes } from './kinds.ts';
import { describeBadName } from './names.ts';
import { type Section, SECTIONS } from './sections.ts';

export interface Pipeline {
  readonly name: string;
  readonly signal: Signal;
  /** Names of components that can be done, at least one each. */
  readonly receivers: readonly string[];
  readonly exporters: readonly string[];
  /** Names of processors that can be done, in order. */
  readonly processors: readonly string[];
}

export interface Used {
  readonly pipelines: readonly Pipeline[];
  /** Components that are built in and that no pipeline and no service uses. */
  readonly unused: readonly { readonly section: Section; readonly name: string }[];
  /** The extensions that `service` switches on. */
  readonly extensions: ReadonlySet<string>;
}

type Parts = 'receivers' | 'processors' | 'exporters';
const PARTS = ['receivers', 'processors', 'exporters'] as const;

/** How many wrong names are compared with the known ones; for more, nothing is suggested. */
const GUESSES_MAX = 20;

const SIGNALS = ['metrics', 'traces', 'logs', 'profiles'];

/** Where a pipeline names a component. */
interface Use {
  readonly path: ConfigPath;
  readonly pipeline: string;
  readonly signal: Signal;
}

export function resolvePipelines(input: CollectorInput, report: Reporter): Used {
  const checks = new PipelineChecks(input, report);
  const pipelines = Object.keys(input.service.pipelines ?? {}).flatMap((name) => {
    const pipeline = checks.pipelineOf(name);
    return pipeline === undefined ? [] : [pipeline];
  });
  if (Object.keys(input.service.pipelines ?? {}).length === 0)
    report.error(['service'], 'CONFIG_VALUE', 'service needs at least one pipeline');
  const extensions = checks.extensions();
  checks.tellAmbiguous();
  checks.tellBadNames();
  checks.tellUnused();
  return { pipelines, extensions, unused: checks.listUnused() };
}

class PipelineChecks {
  readonly #input: CollectorInput;
  readonly #report: Reporter;
  /** Components that something refers to, as `section name`. */
  readonly #used = new Set<string>();
  /** By `section name`, whether it can be done, so that it is reported once for all pipelines. */
  readonly #verdicts = new Map<string, boolean>();
  #guesses = 0;

  constructor(input: CollectorInput, report: Reporter) {
    this.#input = input;
    this.#report = report;
  }

  /** A pipeline with what can be done of it; undefined when that carries nothing. */
  pipelineOf(name: string): Pipeline | undefined {
    const pipeline = this.#input.service.pipelines?.[name] ?? {};
    const path = ['service', 'pipelines', name];
    const signal = typeOf(name);
    for (const part of PARTS) this.#checkReferences(name, part);
    for (const part of ['receivers', 'exporters'] as const)
      if ((pipeline[part] ?? []).length === 0)
        this.#report.error(
          path,
          'CONFIG_VALUE',
          `pipeline "${name}" needs at least one of ${part}`,
        );
    if (!SIGNALS.includes(signal)) {
      const known = SIGNALS.join(', ');
      this.#report.error(
        path,
        'CONFIG_VALUE',
        `pipeline "${name}" is of no known signal; its name begins with ${known}`,
      );
      return undefined;
    }
    if (signal !== 'metrics' && signal !== 'traces') {
      const instead = besideFor(signal);
      this.#report.lacks(
        path,
        `pipeline "${name}" is of ${signal}, and only metrics and traces are carried; ${instead}`,
      );
      return undefined;
    }
    const isDone = (part: Parts) => (component: string, index: number) => {
      const use = { path: [...path, part, index], pipeline: name, signal } as const;
      return this.#canDoIn(use, part, component);
    };
    const receivers = (pipeline.receivers ?? []).filter(isDone('receivers'));
    // With --allow-partial, samples pass by a processor that can't be done.
    const processors = (pipeline.processors ?? []).filter(isDone('processors'));
    const exporters = (pipeline.exporters ?? []).filter(isDone('exporters'));
    return receivers.length === 0 || exporters.length === 0
      ? undefined
      : {
          name,
          signal,
          receivers: [...new Set(receivers)],
          processors: [...new Set(processors)],
          exporters: [...new Set(exporters)],
        };
  }

  extensions(): ReadonlySet<string> {
    const names = this.#input.service.extensions ?? [];
    names.forEach((name, index) => {
      const path = ['service', 'extensions', index];
      if (!this.#isDefined('extensions', name))
        this.#tellUndefined(path, 'service', 'extensions', name);
      else this.#canDo('extensions', name);
      this.#used.add(`extensions ${name}`);
    });
    return new Set(names);
  }

  /** Reports a connector with the name of a receiver or exporter: pipelines could mean either. */
  tellAmbiguous(): void {
    for (const name of Object.keys(this.#input.connectors ?? {}))
      for (const section of ['receivers', 'exporters'] as const)
        if (this.#isDefined(section, name)) {
          this.#report.error(
            ['connectors', name],
            'CONFIG_DUPLICATE',
            `connector "${name}" is called as ${NOUNS[section]} "${name}" is; rename one`,
          );
        }
  }

  /** Reports names that the Collector refuses. */
  tellBadNames(): void {
    const tell = (path: ConfigPath, what: string, name: string): void => {
      const fault = describeBadName(name);
      if (fault !== undefined)
        this.#report.error(path, 'CONFIG_UNKNOWN_KEY', `${what} ${JSON.stringify(name)} ${fault}`);
    };
    for (const section of SECTIONS)
      for (const name of Object.keys(this.#input[section] ?? {}))
        tell([section, name], NOUNS[section], name);
    for (const name of Object.keys(this.#input.service.pipelines ?? {}))
      tell(['service', 'pipelines', name], 'pipeline', name);
  }

  /** Built in, and resolved for no pipeline: their keys are checked all the same. */
  listUnused(): Used['unused'] {
    const authenticators = new Set(
      Object.entries(this.#input.exporters ?? {})
        .filter(([name]) => this.#verdicts.get(`exporters ${name}`) === true)
        .map(([, exporter]) => readAuthenticator(exporter)),
    );
    const isResolved = (section: Section, name: string): boolean =>
      section === 'extensions'
        ? authenticators.has(name)
        : this.#verdicts.get(`${section} ${name}`) === true;
    return SECTIONS.flatMap((section) =>
      Object.keys(this.#input[section] ?? {})
        .filter((name) => findKind(section, name) !== undefined)
        .filter((name) => !isResolved(section, name))
        .map((name) => ({ section, name })),
    );
  }

  tellUnused(): void {
    for (const section of SECTIONS)
      for (const name of Object.keys(this.#input[section] ?? {})) {
        if (this.#used.has(`${section} ${name}`)) continue;
        // As in the Collector, a type that nobody knows is refused where nothing uses it, too.
        if (fateOf(section, name) === undefined && describeBadName(name) === undefined) {
          this.#tellFate(section, name);
          continue;
        }
        const where =
          section === 'extensions' ? 'service.extensions does not name it' : 'no pipeline uses it';
        const message = `${NOUNS[section]} "${name}" does nothing: ${where}`;
        this.#report.warn([section, name], message, 'key');
      }
  }

  #checkReferences(pipeline: string, part: Parts): void {
    const seen = new Set<string>();
    (this.#input.service.pipelines?.[pipeline]?.[part] ?? []).forEach((name, index) => {
      const path = ['service', 'pipelines', pipeline, part, index];
      const section = this.#sectionOf(part, name);
      if (seen.has(name))
        this.#report.error(
          path,
          'CONFIG_DUPLICATE',
          `pipeline "${pipeline}" names ${NOUNS[part]} "${name}" twice`,
        );
      seen.add(name);
      this.#used.add(`${section} ${name}`);
      if (!this.#isDefined(section, name))
        this.#tellUndefined(path, `pipeline "${pipeline}"`, part, name);
    });
  }

  /** A connector is both the exporter of one pipeline and the receiver of another. */
  #sectionOf(part: Parts, name: string): Section {
    if (part === 'processors' || this.#isDefined(part, name)) return part;
    return this.#isDefined('connectors', name) ? 'connectors' : part;
  }

  #isDefined(section: Section, name: string): boolean {
    return Object.hasOwn(this.#input[section] ?? {}, name);
  }

  #tellUndefined(path: ConfigPath, who: string, section: Section, name: string): void {
    const guess = this.#guess(name, () => Object.keys(this.#input[section] ?? {}));
    this.#report.error(
      path,
      'CONFIG_VALUE',
      `${who} names ${NOUNS[section]} "${name}", which "${section}" does not define${guess}`,
    );
  }

  /** The same as `#canDo` for a pipeline, whose signal it must be for. */
  #canDoIn(use: Use, part: Parts, name: string): boolean {
    const section = this.#sectionOf(part, name);
    if (!this.#isDefined(section, name)) return false;
    const misfit = describeMisfit(section, name, use);
    if (misfit === undefined) return this.#canDo(section, name, use.signal);
    if (misfit.isBuiltElsewhere) this.#report.lacks(use.path, misfit.message);
    else this.#report.error(use.path, 'CONFIG_UNSUPPORTED', misfit.message);
    return false;
  }

  /** Whether a component can be done; the first call for it reports what becomes of it. */
  #canDo(section: Section, name: string, signal: Signal = 'metrics'): boolean {
    if (!this.#isDefined(section, name)) return false;
    const key = `${section} ${name}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.#tellFate(section, name, signal);
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  #tellFate(section: Section, name: string, signal: Signal = 'metrics'): boolean {
    const path = [section, name];
    const what = `${NOUNS[section]} "${name}"`;
    const fate = fateOf(section, name);
    if (fate?.is === 'done') return true;
    if (fate?.is === 'idle') {
      this.#report.warn(path, `${what} has no effect: ${fate.why}`, 'key');
      return false;
    }
    const guess = fate === undefined ? this.#guess(typeOf(name), () => knownTypes(section)) : '';
    if (guess !== '') this.#report.error(path, 'CONFIG_UNKNOWN_KEY', `unknown ${what}${guess}`);
    else {
      const advice = fate ? adviceOf(fate, signal) : insteadOfUnknown(section, name);
      this.#report.lacks(path, `${what} is not built in; ${advice}`);
    }
    return false;
  }

  #guess(name: string, known: () => readonly string[]): string {
    if (this.#guesses++ >= GUESSES_MAX) return '';
    const guess = nearest(name, known());
    return guess === undefined ? '' : `; did you mean "${guess}"?`;
  }
}

/** The extension that an exporter names, which is resolved with it. */
export function readAuthenticator(exporter: OtelComponent): unknown {
  const client = (exporter['http'] ?? exporter) as Partial<Record<string, unknown>>;
  const { auth } = client;
  return typeof auth === 'object' && auth !== null && 'authenticator' in auth
    ? auth.authenticator
    : undefined;
}
