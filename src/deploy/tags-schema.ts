/** Tags of a deployment, as all of AWS's services that take some allow them. */
import * as z from 'zod';

const KEY = /^(?!aws:)[\p{L}\p{N} _.:/=+@-]{1,128}$/iu;
const VALUE = /^[\p{L}\p{N} _.:/=+@-]{0,256}$/u;
/** A resource has 50 at most, of which some are its own. */
const TAGS_MAX = 40;

export const deploymentTagsSchema = z
  .record(
    z.string(),
    z.string().regex(VALUE, 'expected up to 256 letters, digits, spaces and _.:/=+-@'),
  )
  .refine((tags) => Object.keys(tags).every((key) => KEY.test(key)), {
    error: 'expected keys of 1 to 128 letters, digits, spaces and _.:/=+-@, not aws:…',
  })
  .refine((tags) => Object.keys(tags).length <= TAGS_MAX, {
    error: `are more than ${TAGS_MAX}: a resource has 50 at most, with its own`,
  })
  .default({})
  .describe(
    'Tags of all that is made. Where a resource has a tag of its own by this key, it keeps that.',
  );
