/**
 * The lint rules, and with them the walls of the house: which folder may import which.
 * The table below is the whole architecture; ARCHITECTURE.md says why.
 */
import { defineConfig, type OxlintOverride } from 'oxlint';

const features = [
  'discovery', 'sharding', 'scrape', 'sinks', 'receivers', 'exporter', 'proxy', 'workspace', 'page', 'emulator',
  'sample-app', 'deploy',
] as const; // prettier-ignore
const pure = ['model', 'wire', 'relabel'] as const;
/** What features share. */
const shared = ['settings', 'queue', 'delivery', 'transforms', 'routes'] as const;
const folders = [...pure, 'kernel', 'aws', ...shared, 'config', ...features, 'commands'] as const;
type Folder = (typeof folders)[number];

const low: readonly Folder[] = ['model', 'wire', 'relabel', 'kernel', 'aws'];

function allOf<Name extends Folder>(
  names: readonly Name[],
  imports: readonly Folder[],
): Record<Name, readonly Folder[]> {
  return Object.fromEntries(names.map((name) => [name, imports])) as Record<
    Name,
    readonly Folder[]
  >;
}

/** Folder → the folders it may import, besides itself. */
const mayImport: Record<Folder, readonly Folder[]> = {
  model: [],
  wire: ['model'],
  relabel: ['model'],
  kernel: ['model', 'wire', 'relabel'],
  aws: ['model', 'wire', 'relabel', 'kernel'],
  ...allOf(shared, low),
  ...allOf(features, [...low, ...shared]),
  config: [...low, ...shared, ...features],
  commands: [...low, ...shared, ...features, 'config'],
};

const walls = folders.map((folder): OxlintOverride => {
  const forbidden = folders.filter(
    (other) => other !== folder && !mayImport[folder].includes(other),
  );
  return {
    files: [`src/${folder}/**/*.ts`, `src/${folder}/**/*.tsx`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: forbidden.map((other) => `**/../${other}/**`),
              message: `src/${folder} may import only ${['itself', ...mayImport[folder]].join(', ')} (oxlint.config.ts); features meet through seams in src/model and are joined in src/commands`,
            },
            ...((pure as readonly string[]).includes(folder)
              ? [
                  {
                    group: [
                      'node:fs',
                      'node:fs/**',
                      'node:net',
                      'node:http',
                      'node:https',
                      'node:process',
                      'node:child_process',
                      'node:dgram',
                    ],
                    message: `src/${folder} is pure: no I/O`,
                  },
                ]
              : []),
          ],
        },
      ],
      ...((pure as readonly string[]).includes(folder)
        ? {
            'no-restricted-globals': [
              'error',
              { name: 'process', message: `src/${folder} is pure` },
              { name: 'fetch', message: `src/${folder} is pure` },
              {
                name: 'setTimeout',
                message: `src/${folder} is pure: time comes from kernel/clock.ts`,
              },
            ],
          }
        : {}),
    },
  };
});

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['dist', 'build', 'coverage', 'node_modules', '.peers'],
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-default-export': 'error',
    'no-shadow': 'off',
    'no-await-in-loop': 'off',
    'no-underscore-dangle': 'off',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/consistent-return': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/prefer-add-event-listener': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'import/no-unassigned-import': 'off',
    'promise/always-return': 'off',
    'import/no-named-as-default-member': 'off',
    'no-control-regex': 'off',
    'typescript/no-base-to-string': 'off',
    'promise/no-multiple-resolved': 'off',
    'unicorn/require-module-specifiers': 'off',
    'unicorn/no-new-array': 'off',
  },
  overrides: [
    ...walls,
    {
      files: ['**/*.test.ts', 'test/**/*.ts', 'bench/**/*.ts'],
      rules: {
        'typescript/no-non-null-assertion': 'off',
        'typescript/no-floating-promises': [
          'error',
          {
            allowForKnownSafeCalls: [
              {
                from: 'package',
                name: [
                  'test',
                  'describe',
                  'it',
                  'suite',
                  'before',
                  'after',
                  'beforeEach',
                  'afterEach',
                ],
                package: 'node:test',
              },
            ],
          },
        ],
      },
    },
    { files: ['oxlint.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
});
