/**
 * Rules of oxlint for pure code: no clock, no randomness, no DNS, no timers, no I/O, no process and
 * no console. They hold for the files of the pure folders, and for every other file of src whose
 * header has a sentence that begins with `Pure`. Tests of pure code may do anything.
 */
import { readFileSync } from 'node:fs';
import type { OxlintOverride } from 'oxlint';

/** A restriction on the text of an import. */
export interface Wall {
  readonly regex: string;
  readonly message: string;
}

/** Packages and modules of Node that compute and do nothing else. */
const COMPUTING = ['node:buffer', 're2js', 'zod'];

/** Modules of src/kernel that read the clock, or do I/O on a socket, a disk or a terminal. */
export const ACTING: readonly string[] = [
  'atomic-file',
  'clock',
  'http-bodies',
  'http-client',
  'http-client-plain',
  'http-server',
  'logger',
  'metadata-addresses',
  'metrics',
  'oauth2',
  'process-metrics',
  'trust',
  'web-server',
  'world',
];

const FORBIDDEN_GLOBALS = {
  'the clock': ['Date', 'Temporal', 'performance', 'Intl', 'Event', 'CustomEvent', 'File'],
  randomness: ['crypto'],
  timers: [
    'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame',
    'clearTimeout', 'clearInterval', 'clearImmediate', 'scheduler', 'MessageChannel',
  ],
  'I/O': [
    'fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'BroadcastChannel', 'Worker',
    'localStorage', 'sessionStorage', 'indexedDB', 'caches',
  ],
  'the process': ['process', 'navigator', 'require', 'location'],
  'the console': ['console'],
  'all of these': ['globalThis', 'global', 'window', 'self'],
} as const; // prettier-ignore

/** Whether the header of a source text has a sentence that begins with "Pure". */
export function declaresPure(source: string): boolean {
  const header = /^\/\*\*[^]*?\*\//.exec(source)?.[0] ?? '';
  return /(?:^\/\*\*|[.:;)]|\n \*)\s+Pure\b/.test(header);
}

/** The same, for a file on disk. */
export function isPureFile(file: string): boolean {
  return declaresPure(readFileSync(file, 'utf8'));
}

/**
 * Builds the rules for a pure file that lies `depth` folders below src.
 *
 * @param walls  other restrictions on imports of the file
 */
export function buildPureRules(depth: number, walls: Wall[]): NonNullable<OxlintOverride['rules']> {
  const kernel = `${'../'.repeat(depth)}kernel/`.replaceAll('.', '\\.');
  const imports = {
    paths: [
      {
        name: 'node:crypto',
        allowImportNames: ['createHash'],
        message: 'pure code takes randomness from its caller; a hash alone is a computation',
      },
    ],
    patterns: [
      ...walls,
      {
        regex: `^${kernel}(${ACTING.join('|')})\\.ts$`,
        allowTypeImports: true,
        message: 'pure code takes time, randomness and answers as arguments',
      },
      // This pattern comes last: once a `!` allows an import, oxlint checks no further pattern.
      {
        group: ['*', '!./**', '!../**', '!node:crypto', ...COMPUTING.map((name) => `!${name}`)],
        allowTypeImports: true,
        message:
          'pure code imports only what computes (scripts/lint/purity.ts); ' +
          'let the caller hand in what was read',
      },
    ],
  };
  return {
    'no-restricted-imports': ['error', imports],
    'no-restricted-globals': [
      'error',
      ...Object.entries(FORBIDDEN_GLOBALS).flatMap(([what, names]) =>
        names.map((name) => ({
          name,
          message: `pure code does not know ${what}; take the value as an argument`,
        })),
      ),
    ],
    'no-restricted-properties': [
      'error',
      {
        object: 'Math',
        property: 'random',
        message: 'pure code has no randomness; take the number as an argument',
      },
    ],
  };
}
