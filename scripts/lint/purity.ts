/**
 * What pure code may not do, as rules of oxlint: no clock, no randomness, no DNS, no timers, no
 * I/O, no process and no console. Pure are the files of the pure folders, and every other file of
 * src whose header says so in a sentence that begins with `Pure`. Tests of pure code are free.
 */
import { readFileSync } from 'node:fs';
import type { OxlintOverride } from 'oxlint';

/** What the text of an import may not look like. */
export interface Wall {
  readonly regex: string;
  readonly message: string;
}

/** Packages and modules of Node that compute and do nothing else. */
const COMPUTING = ['node:buffer', 're2js', 'zod'];

/** Modules of src/kernel that read the clock, or write to a socket, a disk or a terminal. */
const ACTING =
  '(atomic-file|clock|http-client|http-client-plain|http-pages|logger|metrics|oauth2|process-metrics|trust|web-server|world)';

const FORBIDDEN_GLOBALS = {
  'the clock': ['Date', 'Temporal', 'performance'],
  randomness: ['crypto'],
  timers: [
    'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame',
    'clearTimeout', 'clearInterval', 'clearImmediate', 'scheduler',
  ],
  'I/O': [
    'fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'BroadcastChannel', 'Worker',
    'localStorage', 'sessionStorage', 'indexedDB',
  ],
  'the process': ['process', 'navigator', 'require'],
  'the console': ['console'],
  'all of these': ['globalThis', 'global', 'window', 'self'],
} as const; // prettier-ignore

/** Whether a source says in its header that it is pure: a sentence of it begins with "Pure". */
export function isCalledPure(source: string): boolean {
  const header = /^\/\*\*[^]*?\*\//.exec(source)?.[0] ?? '';
  return /(?:^\/\*\*|[.:;)]|\n \*)\s+Pure\b/.test(header);
}

/** The same, of a file. */
export function isPureFile(file: string): boolean {
  return isCalledPure(readFileSync(file, 'utf8'));
}

/**
 * The rules for a pure file, `depth` folders below src.
 *
 * @param walls patterns of imports that are refused to the file for other reasons
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
        regex: `^${kernel}${ACTING}\\.ts$`,
        allowTypeImports: true,
        message: 'pure code takes time, randomness and answers as arguments',
      },
      // Last, since oxlint looks no further for an import that a `!` lets through.
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
