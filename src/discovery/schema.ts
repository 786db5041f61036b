/**
 * Pieces of schema that every mechanism's configuration is made of, and the check of a list of targets as it comes
 * from outside (file_sd, http_sd). No mechanism of its own.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/#http_sd-format
 */
import { z } from 'zod';
import { formatDurationMs } from '../model/duration.ts';
import { type TargetGroup } from '../model/target.ts';
import { durationSchema, labelsSchema, textSchema } from '../settings/values.ts';

/**
 * The pause between two readings, in milliseconds. A bare whole number is taken as seconds, which Prometheus refuses:
 * see docs/decisions/0004-bare-seconds-in-refresh-interval.md. `isBareSeconds` tells, so that the loader can warn.
 */
export function refreshIntervalSchema(defaultMs: number) {
  return z
    .union([z.string(), z.number()], { error: 'expected a duration such as 30s or 5m' })
    .transform((written) => (isBareSeconds(written) ? `${written}s` : written))
    .pipe(durationSchema)
    .refine((ms) => ms > 0, 'refresh_interval must be more than 0')
    .prefault(formatDurationMs(defaultMs))
    .describe('Pause between two readings of the list.');
}

/** Whether a refresh_interval is a whole number without a unit. `0` is a duration of its own. */
export function isBareSeconds(written: unknown): boolean {
  if (typeof written === 'number') return Number.isSafeInteger(written) && written > 0;
  return typeof written === 'string' && /^[1-9]\d*$/.test(written);
}

/** An address of a target: host and port, no scheme and no path. */
export const addressSchema = textSchema.refine((address) => !address.includes('/'), {
  error: (issue) =>
    `target ${JSON.stringify(issue.input)} is not a host and port; leave out the scheme and the path (they are "scheme" and "metrics_path")`,
});

const listSchema = z.array(
  z.strictObject({
    targets: z.array(textSchema).nullish(),
    labels: labelsSchema.nullish(),
  }),
);

/** Far above any real list; a list beyond it is a fault at the other end. */
const TARGETS_MAX = 100_000;

/**
 * The groups in a list as file_sd and http_sd write it.
 *
 * @param source  makes the groups' sources: `<source>:<index>`
 * @param extra   labels added to each group (`__meta_url`)
 * @throws Error saying what is wrong with the list
 */
export function groupsOfList(
  list: unknown,
  source: string,
  extra: Readonly<Record<string, string>>,
): readonly TargetGroup[] {
  const parsed = listSchema.safeParse(list);
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
