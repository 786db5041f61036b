/** The dashboards of the package: panels, queries, and queries with variables filled in. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const DASHBOARDS = path.resolve(import.meta.dirname, '../../dashboards');

interface DataSourceRef {
  readonly type: string;
  readonly uid: string;
}

export interface Target {
  readonly refId: string;
  readonly expr?: string;
  readonly hide?: boolean;
  readonly legendFormat?: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly datasource: DataSourceRef;
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
  readonly targets: readonly Target[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly query: string | Readonly<Record<string, unknown>>;
  readonly datasource?: DataSourceRef;
  readonly current?: { readonly value: string };
  readonly options?: readonly { readonly value: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

/** What a variable asks for, or its value, where that is text. */
export const textOf = ({ query }: Variable): string => (typeof query === 'string' ? query : '');

/** By the names of their files. */
export function readDashboards(): Map<string, Dashboard> {
  return new Map(
    readdirSync(DASHBOARDS).map((name) => [
      path.basename(name, '.json'),
      JSON.parse(readFileSync(path.join(DASHBOARDS, name), 'utf8')) as Dashboard,
    ]),
  );
}

/** The panels that are no headings of rows. */
export const listPanels = ({ panels }: Dashboard): readonly Panel[] =>
  panels.filter(({ type }) => type !== 'row');

/** The names of the variables in a text: `$name`, `${name}`, `${name:format}`. */
export const listVariables = (text: string): readonly string[] =>
  [...text.matchAll(REFERENCE)].map(([, braced, plain]) => braced ?? plain ?? '');

const REFERENCE = /\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g;

/** A text with the values of its variables in it; those that have none stay. */
export const fillIn = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(
    REFERENCE,
    (all, braced?: string, plain?: string) => values[braced ?? plain ?? ''] ?? all,
  );
