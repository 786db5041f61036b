/**
 * The files of `-remoteWrite.relabelConfig` and `-remoteWrite.urlRelabelConfig` of vmagent as
 * write_relabel_configs: rules for all URLs, then those of a URL. What only vmagent has in a rule
 * is written as Prometheus has it, or told. Pure but for `readFile`.
 * Source: https://docs.victoriametrics.com/victoriametrics/relabeling/
 */
import { isMapping, type Mapping } from '../../config/mapping.ts';
import { describeError } from '../../kernel/errors.ts';
import { parseForeignYaml } from '../../kernel/foreign-yaml.ts';

type Rule = Mapping;

/**
 * @param parts  the first of them has the entries of remote_write
 * @param files  the files by the names of their flags
 */
export function addRelabelRules(
  parts: readonly object[],
  files: ReadonlyMap<string, readonly string[]>,
  readFile: (path: string) => string,
): { parts: readonly object[]; notes: readonly string[]; losses: readonly string[] } {
  const losses: string[] = [];
  const readRules = (flag: string, path: string | undefined): Rule[] => {
    if (path === undefined || path === '') return [];
    const where = `-${flag}: ${path}`;
    try {
      return readRelabelFile(parseForeignYaml(readFile(path)), (sentence) =>
        losses.push(`${where}: ${sentence}`),
      );
    } catch (error) {
      losses.push(
        `${where} can't be read (${describeError(error)}): give a file that is here, or write ` +
          'its rules into write_relabel_configs',
      );
      return [];
    }
  };
  const common = readRules(COMMON, files.get(COMMON)?.at(-1));
  const ofUrls = (files.get(OF_URL) ?? [])
    .flatMap((text) => text.split(','))
    .map((path) => readRules(OF_URL, path));
  const [first, ...rest] = parts as readonly { readonly remote_write?: readonly object[] }[];
  if (first?.remote_write === undefined) {
    for (const flag of files.keys()) losses.push(`-${flag} needs -remoteWrite.url`);
    return { parts, notes: [], losses };
  }
  const entries = first.remote_write.map((entry, index) => {
    const rules = [...common, ...(ofUrls[index] ?? [])];
    return rules.length === 0 ? entry : { ...entry, write_relabel_configs: rules };
  });
  const notes = files.size > 0 && 'global' in first ? [LABELS_FIRST] : [];
  return { parts: [{ ...first, remote_write: entries }, ...rest], notes, losses };
}

const COMMON = 'remoteWrite.relabelConfig';
const LABELS_FIRST =
  'rules see the labels of -remoteWrite.label; vmagent adds these behind its rules';
const OF_URL = 'remoteWrite.urlRelabelConfig';

function readRelabelFile(value: unknown, onLoss: (sentence: string) => void): Rule[] {
  if (!Array.isArray(value)) throw new Error('it is no list of rules');
  return value.flatMap((rule: unknown, index) => {
    const converted = isMapping(rule) ? convertRule(rule) : 'it is no mapping';
    if (typeof converted !== 'string') return [converted];
    onLoss(`rule ${index + 1}: ${converted}`);
    return [];
  });
}

/** Actions of vmagent alone → that of Prometheus, for names of metrics. */
const BY_NAME: Readonly<Record<string, string>> = { keep_metrics: 'keep', drop_metrics: 'drop' };
/** The same for two labels that are compared. */
const BY_EQUALITY: Readonly<Record<string, string>> = {
  keep_if_equal: 'keepequal',
  drop_if_equal: 'dropequal',
};
const NO_ACTION: ReadonlySet<unknown> = new Set([
  'graphite',
  'replace_all',
  'labelmap_all',
  'keep_if_contains',
  'drop_if_contains',
]);

/** The rule in Prometheus' words, or what it has that Prometheus does not. */
function convertRule({ regex, if: condition, action, ...keys }: Rule): Rule | string {
  if (condition !== undefined) return '"if" has no counterpart: select by source_labels and regex';
  const name = typeof action === 'string' ? action.toLowerCase() : 'replace';
  if (NO_ACTION.has(name)) return `the action ${name} has no counterpart`;
  const rule = {
    ...keys,
    ...(regex === undefined ? {} : { regex: Array.isArray(regex) ? regex.join('|') : regex }),
  };
  const byName = BY_NAME[name];
  if (byName !== undefined) return { source_labels: ['__name__'], ...rule, action: byName };
  const equality = BY_EQUALITY[name];
  if (equality === undefined) return action === undefined ? rule : { ...rule, action };
  const { source_labels: labels } = keys;
  if (!Array.isArray(labels) || labels.length !== 2)
    return `the action ${name} compares two labels here, and no other number of them`;
  const [source, target] = labels as unknown[];
  return { source_labels: [source], target_label: target, action: equality };
}
