/**
 * Which signals a component is for, here and in the Collector, and what is told where a pipeline of
 * another signal names it. Pure.
 */
import type { Signal } from '../../sinks/sink.ts';
import { type LackingFate, NOUNS, typeOf, unbuiltFateOf } from './components.ts';
import { findKind } from './kinds.ts';
import { findProcessor } from './processors/processors.ts';
import type { Section } from './sections.ts';

export const CARRIED: readonly Signal[] = ['metrics', 'traces'];

export interface Misfit {
  readonly message: string;
  /** The Collector has it in such a pipeline, and only this program does not. */
  readonly isBuiltElsewhere: boolean;
}

/** Undefined for a component that a pipeline of the signal may have, built in or not. */
export function describeMisfit(
  section: Section,
  name: string,
  { pipeline, signal }: { readonly pipeline: string; readonly signal: Signal },
): Misfit | undefined {
  const what = `${NOUNS[section]} "${name}"`;
  const signals = signalsOf(section, name);
  if (signals.includes(signal)) return undefined;
  const instead = findKind(section, name)?.insteadForTraces;
  if (signal === 'traces' && instead !== undefined) {
    const only = `is built in for metrics alone, and pipeline "${pipeline}" is of traces`;
    const message = `${what} ${only}; ${instead}`;
    return { message, isBuiltElsewhere: true };
  }
  const of = signals.join(' or ');
  const message =
    section === 'processors'
      ? `${what} is for ${of}, and no ${signal} pipeline can have it, in no collector; remove it ` +
        `from pipeline "${pipeline}"`
      : `${what} ${section === 'receivers' ? 'gives' : 'takes'} ${of}, and pipeline ` +
        `"${pipeline}" is of ${signal}, in every collector; remove it there`;
  return { message, isBuiltElsewhere: false };
}

/** What becomes of a component in pipelines of a signal; `none`: the Collector has it in none. */
export type FateIn =
  | 'none'
  | { readonly is: 'done'; readonly as?: string | undefined }
  | { readonly is: 'idle'; readonly why: string }
  | { readonly is: 'lacking'; readonly instead: string };

/** As the least configuration of the component has it, for the migration page. */
export function fateIn(section: Section, name: string, signal: Signal): FateIn {
  const kind = findKind(section, name);
  const row = unbuiltFateOf(section, name);
  if (signal === 'traces' && kind?.insteadForTraces !== undefined)
    return { is: 'lacking', instead: kind.insteadForTraces };
  if (!signalsOf(section, name).includes(signal)) return 'none';
  if (row?.is === 'idle') return row;
  if (row !== undefined) return { is: 'lacking', instead: adviceOf(row, signal) };
  const processor = section === 'processors' ? findProcessor(typeOf(name)) : undefined;
  if (signal === 'metrics' || processor?.inTraces === undefined)
    return { is: 'done', as: kind?.as };
  const fate = processor.inTraces(processor.schema.parse(processor.minimal ?? {}));
  return 'idle' in fate ? { is: 'idle', why: fate.idle } : { is: 'lacking', instead: fate.refused };
}

/** What to use instead of a component that can't be done in a pipeline of a signal. */
export function adviceOf({ instead, insteadForTraces }: LackingFate, signal: Signal): string {
  return signal === 'traces' ? (insteadForTraces ?? instead) : instead;
}

/** The signals whose pipelines may name a component; all that are carried for an unknown one. */
export function signalsOf(section: Section, name: string): readonly string[] {
  const kind = findKind(section, name);
  if (kind === undefined) return unbuiltFateOf(section, name)?.signals?.split(' or ') ?? CARRIED;
  if (section === 'processors' && findProcessor(typeOf(name))?.inTraces !== undefined)
    return CARRIED;
  return kind.signals ?? ['metrics'];
}
