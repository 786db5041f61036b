/**
 * Schemas that the configurations of several mechanisms share, and the parser of target lists from
 * outside (file_sd, http_sd).
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/#http_sd-format
 */
import * as z from 'zod';
import { runGivingWay } from '../kernel/giving-way.ts';
import { type TargetGroup } from '../model/target.ts';
import { labelsSchema, listOf, textSchema } from '../settings/text.ts';

export const targetListSchema = listOf(
  z.strictObject({
    targets: listOf(textSchema)
      .nullish()
      .meta({ description: 'Addresses, host and port.', examples: [['10.0.0.1:9100']] }),
    labels: labelsSchema
      .nullish()
      .meta({ description: 'Labels of these targets.', examples: [{ env: 'prod' }] }),
  }),
);

/** Far above any real list: a longer one means that its source is broken. */
const TARGETS_MAX = 100_000;

const OWN_KEYS: ReadonlySet<PropertyKey> = new Set(['targets', 'labels']);

/** Groups that are parsed between two yields. */
const SLICE_GROUPS = 200;

/**
 * Parses a list of target groups in the format of file_sd and http_sd. It gives way to other work:
 * lists may hold many thousand groups.
 *
 * @param source  prefix of the groups' sources: `<source>:<index>`
 * @param extra   labels added to each group (`__meta_url`)
 * @param keys    whether an error may name keys of the list; those of a server are not told
 * @returns a promise that rejects with an Error that says what is wrong with the list
 */
export async function parseTargetList(
  list: unknown,
  source: string,
  extra: Readonly<Record<string, string>>,
  keys: 'shown' | 'hidden' = 'shown',
): Promise<readonly TargetGroup[]> {
  return runGivingWay(parseInSlices(list, source, extra, keys));
}

function* parseInSlices(
  list: unknown,
  source: string,
  extra: Readonly<Record<string, string>>,
  keys: 'shown' | 'hidden',
): Generator<undefined, readonly TargetGroup[], undefined> {
  const groups: TargetGroup[] = [];
  let count = 0;
  for (let from = 0; from === 0 || (Array.isArray(list) && from < list.length);) {
    const slice: unknown = Array.isArray(list) ? list.slice(from, from + SLICE_GROUPS) : list;
    const parsed = targetListSchema.safeParse(slice);
    if (!parsed.success) throw describeIssue(parsed.error.issues[0], from, keys);
    for (const group of parsed.data) {
      const targets = (group.targets ?? []).map((address) => ({ __address__: address }));
      count += targets.length;
      const labels = { ...group.labels, ...extra };
      groups.push({ source: `${source}:${groups.length}`, targets, labels });
    }
    if (count > TARGETS_MAX) throw new Error(`the list holds more than ${TARGETS_MAX} targets`);
    from += SLICE_GROUPS;
    yield;
  }
  return groups;
}

/** @param from  the index of the group at which the parsed part of the list begins */
function describeIssue(
  issue: z.core.$ZodIssue | undefined,
  from: number,
  keys: 'shown' | 'hidden',
): Error {
  const [index, ...rest] = issue?.path ?? [];
  const steps = typeof index === 'number' ? [index + from, ...rest] : (issue?.path ?? []);
  if (keys === 'hidden') {
    const known = steps.filter((step) => typeof step === 'number' || OWN_KEYS.has(step));
    const at = known.map((step) => `[${JSON.stringify(step)}]`).join('');
    return new Error(
      `not a list of target groups${at === '' ? '' : `, at ${at}`}: groups have "targets", a ` +
        'list of texts, and "labels", a mapping of texts, and nothing else',
    );
  }
  const path = steps.map((step) => `[${JSON.stringify(step)}]`).join('');
  const why = issue?.message ?? '';
  return new Error(`not a list of target groups: ${path === '' ? why : `${path} ${why}`}`);
}
