/**
 * Checks that values of one kind are declared once, in src/settings: no feature has its own schema
 * for durations, sizes, ports, TLS, credentials or AWS access. Each exception stands here with its
 * reason.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../../src');

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** Files outside settings/ in which the pattern is allowed; a folder ends in a slash. */
  readonly allowed: readonly string[];
  /** A text in which the rule must find a breach, which proves that the rule works. */
  readonly breach: string;
}

const KEYS =
  'access_key|secret_key|role_arn|external_id|ca_file|cert_file|key_file|insecure_skip_verify|' +
  'server_name|proxy_url|no_proxy|username|password|password_file|credentials|bearer_token|' +
  'client_secret';

const RULES: readonly Rule[] = [
  {
    what: 'a value that is a text or a number: use durationSchema, sizeSchema or textSchema',
    pattern: /z\s*\.union\(\s*\[\s*z\s*\.(?:string|number)\(\)/,
    allowed: [],
    breach: 'z.union([z.string(), z.number()])',
  },
  {
    what: 'a duration: use durationSchema, in commands readDurationFlag',
    pattern: /\bparseDurationMs\(/,
    allowed: [
      'model/',
      // A label of a target, written by us or by relabelling, and read for each target of a job.
      'scrape/target.ts',
      // A parameter of Prometheus' API, refused in Prometheus' words. A bare number means seconds
      // there.
      'workspace/api/parameters.ts',
    ],
    breach: 'const ms = parseDurationMs(text);',
  },
  {
    what: 'a size: use sizeSchema, in commands readBytesFlag',
    pattern: /\[KMGT/,
    // vmagent's KB are of 1,000 bytes.
    allowed: ['commands/replaced/flag-sources.ts'],
    breach: String.raw`/^(\d+)([KMGT])B$/`,
  },
  {
    what: 'a port: use portSchema, for addresses parseListen',
    pattern: /(?:max\(|> ?)65_?535/,
    // A request to the emulator, refused in ECS's words; 0 is a port there.
    allowed: ['emulator/ecs/definition-rules.ts'],
    breach: 'z.int().min(1).max(65_535)',
  },
  {
    what: 'a switch: use switchSchema, which reads yes and on too',
    pattern: /\bz\s*\.boolean\(\)/,
    // Messages between collectors are our own JSON.
    allowed: ['sharding/peer-state.ts'],
    breach: 'drop: z.boolean()',
  },
  {
    what: 'a key of credentials, TLS, proxies or AWS access: use the shapes of src/settings',
    pattern: new RegExp(`\\b(?:${KEYS}):\\s*(?:z\\b|(?:text|switch|present)Schema)`),
    // The Collector's own names of these keys, which are translated to ours.
    allowed: ['config/otel/exporter-schema.ts', 'config/otel/server-tls-schema.ts'],
    breach: 'role_arn: textSchema.optional()',
  },
  {
    what: 'a region in a pattern: use scopeOfHost or isRegion of src/aws',
    pattern: /\[a-z\]\{2\}\(\?:-\[a-z\]/,
    allowed: ['aws/endpoints.ts'],
    breach: String.raw`/\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\./`,
  },
];

function findBreaches(file: string, text: string): string[] {
  if (file.startsWith('settings/')) return [];
  return RULES.filter(
    ({ pattern, allowed }) => pattern.test(text) && !allowed.some((one) => file.startsWith(one)),
  ).map(({ what }) => `src/${file} declares its own: ${what}`);
}

function readSources(): [file: string, text: string][] {
  return globSync('**/*.{ts,tsx}', { cwd: ROOT })
    .filter((file) => !/\.test\.tsx?$/.test(file))
    .map((file) => [file.replaceAll(path.sep, '/'), readFileSync(path.join(ROOT, file), 'utf8')]);
}

test('no feature declares a schema that src/settings has', () => {
  const found = readSources();
  assert.ok(found.length > 200);
  assert.deepEqual(
    found.flatMap(([file, text]) => findBreaches(file, text)),
    [],
  );
});

test('each rule finds its breach, and each exception is still needed', () => {
  const found = readSources();
  for (const { what, breach, pattern, allowed } of RULES) {
    assert.ok(findBreaches('discovery/new.ts', breach).length > 0, what);
    for (const place of allowed)
      assert.ok(
        found.some(([file, text]) => file.startsWith(place) && pattern.test(text)),
        `${place} needs no exception: ${what}`,
      );
  }
});

test('from discovery, config/ imports the table of mechanisms, the job, and what ecs_observer becomes', () => {
  const taken = readSources()
    .filter(([file]) => file.startsWith('config/'))
    .flatMap(([, text]) => [...text.matchAll(/from '[./]+discovery\/([^']+)'/g)])
    .map(([, file]) => file ?? '');
  assert.deepEqual([...new Set(taken)].toSorted(), [
    'ecs/mechanism.ts',
    'ecs/rules.ts',
    'manager.ts',
    'mechanisms.ts',
  ]);
});
