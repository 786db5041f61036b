/**
 * Every fenced example of the pages is read by what would read it: YAML by the schema of its file,
 * JSON by a parser, lines of a shell by a shell that runs nothing. (test/commands.test.ts gives the
 * lines of `amperage` to its commands.) And docs/README.md, the index by kind, has each page once.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv, type ValidateFunction } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { listPagesOfDocs } from './kit/pages.ts';

const root = path.resolve(import.meta.dirname, '..');

interface Fence {
  readonly where: string;
  readonly language: string;
  readonly text: string;
}

function listFences(): Fence[] {
  const files = ['README.md', 'CONTRIBUTING.md', ...listPagesOfDocs(root)];
  return files.flatMap((file) => {
    const fences: Fence[] = [];
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
    let opened: { line: number; language: string; text: string[] } | undefined;
    for (const [index, line] of lines.entries()) {
      const fence = /^\s*```(.*)$/.exec(line);
      if (fence === null) opened?.text.push(line);
      else if (opened === undefined)
        opened = { line: index + 1, language: (fence[1] ?? '').trim(), text: [] };
      else {
        const { line: at, language, text } = opened;
        fences.push({ where: `${file}:${at}`, language, text: `${text.join('\n')}\n` });
        opened = undefined;
      }
    }
    assert.equal(opened, undefined, `${file}: a fence has no end`);
    return fences;
  });
}

const fences = listFences();
const schemas = new Map<string, ValidateFunction>();

function loadSchema(name: string): ValidateFunction {
  const known = schemas.get(name);
  if (known !== undefined) return known;
  const file = path.join(root, 'schema', `${name}.schema.json`);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as object;
  const made = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  schemas.set(name, made);
  return made;
}

/** Keys at the top of a file → the schema that it is read by. */
const DIALECTS: readonly (readonly [RegExp, string])[] = [
  [/^(receivers|processors|exporters|extensions|connectors|service)$/, 'collector'],
  [/^steps$/, 'emulator-scenario'],
  [/^(routes|upstreams)$/, 'proxy-routes'],
  [/^(image|network)$/, 'deployment'],
  [/^(tls_server_config|basic_auth_users)$/, 'web-config'],
];
/** A part of a job, shown without the list that it stands in. */
const PART_OF_JOB = /^(\w+_sd_configs|relabel_configs|metric_relabel_configs)$/;
/** Files of other programs, which have no schema here. */
const FOREIGN = /^(datasources|groups|apiVersion)$/;

function findFaults(value: unknown): string[] {
  if (Array.isArray(value)) return judge('targets', value);
  const keys = Object.keys(value as object);
  if (keys.some((key) => FOREIGN.test(key))) return [];
  const [, name = 'prometheus'] =
    DIALECTS.find(([pattern]) => keys.some((key) => pattern.test(key))) ?? [];
  if (name === 'prometheus' && keys.every((key) => PART_OF_JOB.test(key)))
    return judge(name, { scrape_configs: [{ job_name: 'part', ...(value as object) }] });
  // A part of a collector's file is shown without the pipelines that name it.
  if (name === 'collector')
    return judge(name, { service: { pipelines: {} }, ...(value as object) });
  return judge(name, value);
}

function judge(name: string, value: unknown): string[] {
  const validate = loadSchema(name);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message }) => `${name}: ${instancePath} ${message}`,
  );
}

test('each fence names a language that is read here', () => {
  const known = new Set(['', 'console', 'json', 'sh', 'text', 'yaml']);
  const unknown = fences.filter(({ language }) => !known.has(language));
  assert.deepEqual(
    unknown.map(({ where, language }) => `${where}: ${language}`),
    [],
  );
  for (const language of ['json', 'sh', 'yaml'])
    assert.ok(fences.some((fence) => fence.language === language));
});

test('each YAML of a page is taken by the schema of its file', () => {
  const faults = fences
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ where, text }) =>
      parseAllDocuments(text).flatMap((document) => {
        const errors = 'errors' in document ? document.errors.map(String) : [];
        const found = errors.length > 0 ? errors : findFaults(document.toJS());
        return found.map((fault) => `${where}: ${fault}`);
      }),
    );
  assert.deepEqual(faults, []);
});

test('each JSON of a page is JSON, or the members of an object', () => {
  for (const { where, language, text } of fences) {
    if (language !== 'json') continue;
    const whole = /^\s*"/.test(text) ? `{${text}}` : text;
    assert.doesNotThrow(() => JSON.parse(whole), where);
  }
});

test('each block of shell is one that a shell can read', () => {
  const faults = fences
    .filter(({ language }) => language === 'sh')
    .flatMap(({ where, text }) => {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
      return status === 0 ? [] : [`${where}: ${stderr}`];
    });
  assert.deepEqual(faults, []);
});

test('docs/README.md has each page once, under one of four kinds', () => {
  const index = readFileSync(path.join(root, 'docs/README.md'), 'utf8');
  const sections = index.split(/^## /m).slice(1);
  assert.deepEqual(
    sections.map((section) => section.split('\n')[0]),
    ['Tutorial', 'How-to', 'Reference', 'Explanation'],
  );
  const linked = [...index.matchAll(/\]\(([^)#]+)\)/g)]
    .map(([, target = '']) => path.posix.join('docs', target))
    .filter((target) => target.startsWith('docs/'))
    .toSorted();
  // A folder with an index of its own is one page here.
  const pages = listPagesOfDocs(root)
    .filter((file) => file !== 'docs/README.md')
    .map((file) => file.replace(/^docs\/(keys|decisions)\/.*$/, 'docs/$1/README.md'));
  assert.deepEqual(linked, [...new Set(pages)].toSorted());
});

test('README is short enough to be read', () => {
  const lines = readFileSync(path.join(root, 'README.md'), 'utf8').trimEnd().split('\n');
  assert.ok(lines.length <= 150, `README.md has ${lines.length} lines`);
});
