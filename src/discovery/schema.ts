/**
 * Schemas that the configurations of several mechanisms share, and the parser of target lists from
 * outside (file_sd, http_sd).
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/#http_sd-format
 */
import { z } from 'zod';
import { type TargetGroup } from '../model/target.ts';
import { labelsSchema, listOf, textSchema } from '../settings/text.ts';

/** The address of a target: host and port, without scheme and path. */
export const addressSchema = textSchema.refine((address) => !address.includes('/'), {
  error: (issue) =>
    `target ${JSON.stringify(issue.input)} is not a host and port; leave out the scheme and the ` +
    `path (they are "scheme" and "metrics_path")`,
});

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

/**
 * Parses a list of target groups in the format of file_sd and http_sd.
 *
 * @param source  prefix of the groups' sources: `<source>:<index>`
 * @param extra   labels added to each group (`__meta_url`)
 * @throws Error that says what is wrong with the list
 */
export function parseTargetList(
  list: unknown,
  source: string,
  extra: Readonly<Record<string, string>>,
): readonly TargetGroup[] {
  const parsed = targetListSchema.safeParse(list);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.map((step) => `[${JSON.stringify(step)}]`).join('') ?? '';
    throw new Error(`not a list of target groups: ${path} ${issue?.message ?? ''}`.trim());
  }
  let count = 0;
  for (const group of parsed.data) count += group.targets?.length ?? 0;
  if (count > TARGETS_MAX)
    throw new Error(`the list holds ${count} targets, more than ${TARGETS_MAX}`);
  return parsed.data.map((group, index) => ({
    source: `${source}:${index}`,
    targets: (group.targets ?? []).map((address) => ({ __address__: address })),
    labels: { ...group.labels, ...extra },
  }));
}
