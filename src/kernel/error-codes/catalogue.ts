/**
 * All error codes, by family. `npm run check` fails for a code that is used nowhere, and where
 * docs/errors.md differs from the catalogue (scripts/generate.ts); a code that is not in the
 * catalogue does not compile.
 */
import type { ExpositionError } from '../../wire/exposition/error.ts';
import type { WireError } from '../../wire/errors.ts';
import type { CodeEntry } from './entry.ts';
import { findingCodes } from './finding-codes.ts';
import { permanentCodes } from './permanent-codes.ts';
import { recoverableCodes } from './recoverable-codes.ts';
import { startCodes } from './start-codes.ts';

export type FindingCode = keyof typeof findingCodes;
export type StartCode = keyof typeof startCodes;
export type RecoverableCode = keyof typeof recoverableCodes;
export type PermanentCode = keyof typeof permanentCodes;

/**
 * The codes of the codecs in wire/, which are pure and cannot import this folder; the key type
 * demands an entry for each of their codes.
 */
const codecCodes: Record<WireError['code'] | ExpositionError['code'], CodeEntry> = {
  EXPOSITION_MALFORMED: {
    means:
      'A scrape body is not a valid exposition of its format; the message gives line and column ' +
      '(in bytes). Nothing of the scrape is kept.',
    remedy:
      'Correct the application that serves the body; "amperage check metrics URL" shows all ' +
      'faults.',
  },
  WIRE_MALFORMED: {
    means:
      'Bytes are malformed (protobuf, snappy, a record of the queue), or larger than their limit.',
    remedy: 'Check the sender of the bytes; a damaged record of the queue is skipped and counted.',
  },
};

export interface ErrorFamily {
  readonly title: string;
  /** What errors of the family have in common. */
  readonly text: string;
  readonly codes: Readonly<Record<string, CodeEntry & { readonly reason?: string }>>;
}

export const FAMILIES: readonly ErrorFamily[] = [
  {
    title: 'Findings of a configuration',
    text:
      'Printed as `file:line:column: message [CODE]`. At the start an error ends the command ' +
      'with exit status 2; at a reload the configuration in use stays.',
    codes: findingCodes,
  },
  {
    title: 'A command cannot begin',
    text: 'Printed as `amperage: message [CODE]`; exit status 2.',
    codes: startCodes,
  },
  {
    title: 'Tried again',
    text: 'Logged; no samples are lost. A command that gives up ends with exit status 1.',
    codes: recoverableCodes,
  },
  {
    title: 'Refused for good',
    text: 'The scrape or request that fails so is dropped as a whole and counted under its reason.',
    codes: permanentCodes,
  },
  {
    title: 'Bytes that cannot be read',
    text:
      'The reader of the bytes makes a failed scrape, an error answer or a dropped batch of it, ' +
      'and counts that.',
    codes: codecCodes,
  },
];
