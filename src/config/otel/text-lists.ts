/**
 * Lists of texts as the Collector reads them: where one text stands in place of a list, it is split
 * at its commas, blanks kept; an empty text is an empty list.
 * Source: https://pkg.go.dev/github.com/go-viper/mapstructure/v2#StringToSliceHookFunc, which
 * go.opentelemetry.io/collector/confmap uses
 */
import * as z from 'zod';
import { listOf, textSchema } from '../../settings/text.ts';

export const textListSchema = z.union([
  listOf(textSchema),
  z
    .string()
    .transform((text) => (text === '' ? [] : text.split(',')))
    .pipe(z.array(z.string())),
]);
