/**
 * All error codes, by family. A code that stands here and is used nowhere, or a page that says
 * something else, fails `npm run check` (scripts/generate.ts); a code that does not stand here does
 * not compile.
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

/** Of the codecs, which are pure and cannot import this folder: the types hold the two together. */
const codecCodes: Record<WireError['code'] | ExpositionError['code'], CodeEntry> = {
  EXPOSITION_MALFORMED: {
    means:
      'A scrape body is no exposition of its format; line and column, in bytes, are in the ' +
      'message. Nothing of the scrape is kept.',
    remedy: 'Mend what serves the body; "amperage check metrics URL" shows all that is wrong.',
  },
  WIRE_MALFORMED: {
    means:
      'Bytes are not what they should be (protobuf, snappy, a record of the queue), or larger ' +
      'than their bound.',
    remedy:
      'Look at who has sent them; a record of the queue that is damaged is left out and counted.',
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
      'Printed as `file:line:column: message [CODE]`. At a start an error ends the command with ' +
      'exit status 2; at a reload the configuration in use stays.',
    codes: findingCodes,
  },
  {
    title: 'A command cannot begin',
    text: 'Printed as `amperage: message [CODE]`; exit status 2.',
    codes: startCodes,
  },
  {
    title: 'Tried again',
    text: 'Logged; nothing is lost by them. A command that gives up ends with exit status 1.',
    codes: recoverableCodes,
  },
  {
    title: 'Refused for good',
    text:
      'What is concerned (a scrape, a request) is dropped as a whole and counted under its ' +
      'reason.',
    codes: permanentCodes,
  },
  {
    title: 'Bytes that cannot be read',
    text:
      'Whoever reads them turns this into a failed scrape, an answer, or a dropped batch, which ' +
      'is counted there.',
    codes: codecCodes,
  },
];
