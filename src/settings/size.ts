/**
 * Sizes in bytes, written with units that are powers of 1024, in files and in flags.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (<size>)
 */
import * as z from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
  PB: 2 ** 50,
  EB: 2 ** 60,
};

const PART = /(\d+\.?\d*|\.\d+)([KMGTPE]?)i?B/;
const SYNTAX = new RegExp(`^\\+?(?:${PART.source})+$`);

const written = z
  .union([z.string().meta({ pattern: `^0$|${SYNTAX.source}|\\$\\{` }), z.number()], {
    error: 'expected a size such as 512KB, 15MB or 1GB',
  })
  .meta({ kind: 'size' });

/** Bytes, written as `512MB`; `0` needs no unit. */
export const sizeSchema = written.transform((text, context) => {
  const bytes = parseSize(String(text));
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: describeBadSize(String(text)) });
  return z.NEVER;
});

/** A size, or a number without a unit: for a flag whose name says that it counts bytes. */
export const bytesSchema = written
  .transform((text) => (/^\d+$/.test(String(text)) ? `${text}B` : text))
  .pipe(sizeSchema);

function describeBadSize(text: string): string {
  return `${JSON.stringify(text)} is not a size; write it as 512KB, 15MB or 1GB`;
}

function parseSize(text: string): number | undefined {
  if (text === '0') return 0;
  if (!SYNTAX.test(text)) return undefined;
  let bytes = 0;
  for (const [, number, unit = ''] of text.matchAll(new RegExp(PART, 'g')))
    bytes += Number(number) * (UNITS[`${unit}B`] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
