/**
 * Expands the references of a collector configuration: `${env:NAME}`, `${env:NAME:-default}`,
 * `${NAME}`, `${file:path}`, `${yaml:text}` and `${s3:uri}`, one inside another too, and `$$`. A
 * value that consists of one reference is parsed as YAML; what is parsed keeps its text where YAML
 * would print it differently, so that a zip code or a password stays what it is.
 * Limits: 10,000 references in all, 100 inside each other, 1 Mi characters of one text, 16 MiB of a
 * file.
 * Source: core's confmap/expand.go and confmap/provider/
 */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describeError } from '../../kernel/errors.ts';
import { runAtOnce } from '../../kernel/giving-way.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { readDocument } from '../document.ts';
import { hideTexts } from './hidden-texts.ts';

export interface ExpandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Reporter;
  /** Takes the texts that are read, which are part of the configuration's version. */
  readonly texts: string[];
  /** Reads `s3:…`. @throws Error for what can't be read */
  readonly readRemote?: ((uri: string) => Promise<string>) | undefined;
}

export interface Expanded {
  readonly value: unknown;
  /** Reports as `report` does, with references in place of the texts that they stand for. */
  readonly report: Reporter;
}

const REFERENCES_MAX = 10_000;
const REFERENCES_IN_TEXT_MAX = 1_000;
const DEPTH_MAX = 100;
const LENGTH_MAX = 1024 * 1024;
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s;

/** Keys whose values stay the texts that they are, also where YAML would make numbers of them. */
const SECRET_KEYS = new Set([
  'password',
  'credentials',
  'bearer_token',
  'client_secret',
  'secret_key',
  'secrets',
  'key',
  'token',
  'tokens',
  'key_pem',
]);
/** Keys in which `$NAME` is a group of a regular expression or part of a statement. */
const DOLLAR_KEYS = new Set(['regex', 'replacement', 'target_label', 'new_name', 'new_value']);
const DOLLARS_AND_NAME = /(\$+)([A-Z_][A-Z0-9_]+)?/g;

export async function expandReferences(value: unknown, context: ExpandContext): Promise<Expanded> {
  const hidden = new Map<string, string>();
  const report = hideTexts(context.report, hidden);
  const expansion = new Expansion({ ...context, report }, hidden);
  const expanded = await expansion.walk(value, []);
  return { value: expanded, report: withoutFollowUps(report, expansion.failed) };
}

/**
 * What a value is said to lack is no fault of its own where its reference could not be expanded.
 */
function withoutFollowUps(report: Reporter, failed: readonly ConfigPath[]): Reporter {
  const places = new Set(
    failed.flatMap((path) => [formatPlace(path), formatPlace(path.slice(0, -1))]),
  );
  if (places.size === 0) return report;
  return {
    ...report,
    error: (path, code, message) => {
      if (!places.has(formatPlace(path))) report.error(path, code, message);
    },
  };
}

function formatPlace(path: ConfigPath): string {
  return JSON.stringify(path);
}

/** A reference that can't be expanded; the message says why, and what to do. */
class ReferenceFault extends Error {}

class Expansion {
  /** Where a reference could not be expanded. */
  readonly failed: ConfigPath[] = [];
  readonly #context: ExpandContext;
  readonly #hidden: Map<string, string>;
  /** What is not found is reported once, at its first reference. */
  readonly #told = new Set<string>();
  /** Texts of files, so that one with many references to it is read once. */
  readonly #files = new Map<string, string>();
  #references = 0;
  #depth = 0;

  constructor(context: ExpandContext, hidden: Map<string, string>) {
    this.#context = context;
    this.#hidden = hidden;
  }

  async walk(node: unknown, path: ConfigPath): Promise<unknown> {
    if (typeof node === 'string') return node.includes('$') ? this.#expandText(node, path) : node;
    if (Array.isArray(node)) {
      const items: unknown[] = [];
      for (const [index, inner] of node.entries())
        items.push(await this.walk(inner, [...path, index]));
      return items;
    }
    if (typeof node !== 'object' || node === null) return node;
    const entries: [string, unknown][] = [];
    for (const [key, inner] of Object.entries(node))
      entries.push([key, await this.walk(inner, [...path, key])]);
    return Object.fromEntries(entries);
  }

  async #expandText(written: string, path: ConfigPath): Promise<unknown> {
    this.#checkLeftOver(written, path);
    let text = written;
    let search = new ReferenceSearch();
    try {
      for (let nested = 0; ; nested++) {
        const found = search.find(text);
        if (found === undefined) return text.replaceAll('$$', '$');
        this.#references++;
        const isDeep = nested > REFERENCES_IN_TEXT_MAX || this.#depth > DEPTH_MAX;
        if (isDeep || this.#references > REFERENCES_MAX || text.length > LENGTH_MAX)
          throw new ReferenceFault(
            'the references lead to more and more references; end the circle',
          );
        const { start, end } = found;
        const reference = text.slice(start, end);
        const read = await this.#read(reference.slice(2, -1));
        if (read.length >= 4 && !this.#hidden.has(read)) this.#hidden.set(read, reference);
        if (start > 0 || end < text.length) {
          text = text.slice(0, start) + read + text.slice(end);
          continue;
        }
        const parsed = parseText(read, path);
        if (typeof parsed !== 'string') return await this.#walkDeeper(parsed, path);
        text = parsed;
        search = new ReferenceSearch();
      }
    } catch (error) {
      if (!(error instanceof ReferenceFault)) throw error;
      if (!this.#told.has(error.message))
        this.#context.report.error(path, 'CONFIG_VALUE', error.message);
      this.#told.add(error.message);
      this.failed.push(path);
      return undefined;
    }
  }

  async #walkDeeper(node: unknown, path: ConfigPath): Promise<unknown> {
    this.#depth++;
    try {
      return await this.walk(node, path);
    } finally {
      this.#depth--;
    }
  }

  /** The text that a reference stands for. @param uri  what stands between the braces */
  async #read(uri: string): Promise<string> {
    // NAME:-default would be a scheme to the Collector, which then refuses it.
    const isName = /^[A-Za-z0-9_]*(?::-|$)/.test(uri);
    const [, scheme = 'env', opaque = uri] = isName ? [] : (SCHEME.exec(uri) ?? []);
    switch (scheme) {
      case 'env':
        return this.#readEnv(opaque);
      case 'yaml':
        return opaque;
      case 'file':
        return this.#readFile(opaque);
      case 's3':
        return this.#readRemote(uri);
      default:
        throw new ReferenceFault(describeScheme(scheme, uri));
    }
  }

  #readEnv(text: string): string {
    const at = text.indexOf(':-');
    const name = at < 0 ? text : text.slice(0, at);
    if (!NAME.test(name))
      throw new ReferenceFault(
        `environment variable ${JSON.stringify(name)} has an invalid name; for the text itself, ` +
          `write $$\{${name}}`,
      );
    const found = this.#context.env[name] ?? (at < 0 ? undefined : text.slice(at + 2));
    if (found !== undefined) return found;
    throw new ReferenceFault(
      `the environment has no ${name}; set it, or write \${env:${name}:-default}`,
    );
  }

  async #readFile(path: string): Promise<string> {
    try {
      // As in the Collector, a path starts at the working directory, not at the configuration.
      const file = resolve(path);
      const known = this.#files.get(file);
      if (known !== undefined) return known;
      const { size } = await stat(file);
      if (size > FILE_BYTES_MAX) throw new Error(`it is longer than ${FILE_BYTES_MAX} bytes`);
      const text = await readFile(file, 'utf8');
      this.#context.texts.push(text);
      // The Collector keeps the line break at the end, which no header and no password may have.
      const read = text.replace(/\r?\n$/, '');
      this.#files.set(file, read);
      return read;
    } catch (error) {
      throw new ReferenceFault(
        `file ${JSON.stringify(path)} can't be read: ${describeError(error)}`,
      );
    }
  }

  async #readRemote(uri: string): Promise<string> {
    const { readRemote, texts } = this.#context;
    if (readRemote === undefined)
      throw new ReferenceFault(`\${${uri}} can't be read here; use a file, or the environment`);
    try {
      const text = await readRemote(uri);
      texts.push(text);
      return text;
    } catch (error) {
      throw new ReferenceFault(`${JSON.stringify(uri)} can't be read: ${describeError(error)}`);
    }
  }

  /** Reports `$NAME`, which collectors before 0.105 expanded, where it can't be meant as it is. */
  #checkLeftOver(text: string, path: ConfigPath): void {
    const { match, name } = findLeftOver(text) ?? {};
    if (match === undefined || path.some((step) => DOLLAR_KEYS.has(String(step)))) return;
    // In a secret it is left over only where it is the whole of it.
    if (text !== match && isSecret(path)) return;
    if (isExpandedLater(path) || isStatement(path)) return;
    this.#context.report.error(
      path,
      'CONFIG_VALUE',
      `$${name} is not expanded; write \${env:${name}}, or $$${name} for the text itself`,
    );
  }
}

/** Finds one reference after the other in a text, each of whose texts takes its place meanwhile. */
class ReferenceSearch {
  /** Beginnings without an end yet: `${`; undefined for one that is written with two dollars. */
  #opens: (number | undefined)[] = [];
  /** Before it, the text was looked through. */
  #from = 0;

  /** The next reference to expand: of several inside each other, the innermost. */
  find(text: string): { readonly start: number; readonly end: number } | undefined {
    const tokens = /\$+\{?|\}/g;
    tokens.lastIndex = this.#from;
    for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
      const { 0: token, index: at } = found;
      if (token.endsWith('{')) {
        // Of two dollars the first stands for the second.
        this.#opens.push(token.length % 2 === 0 ? at + token.length - 2 : undefined);
      } else if (token === '}') {
        const start = this.#opens.pop();
        if (start !== undefined) {
          this.#from = start;
          // A dollar may belong to a brace that takes the place of the reference.
          while (text[this.#from - 1] === '$') this.#from--;
          return { start, end: at + 1 };
        }
        this.#opens = [];
      }
    }
    return undefined;
  }
}

/** The first `$NAME`, with the dollars before it: of two, the first stands for the second. */
function findLeftOver(text: string): { match: string; name: string } | undefined {
  for (const [match, dollars = '', name] of text.matchAll(DOLLARS_AND_NAME))
    if (name !== undefined && dollars.length % 2 > 0) return { match, name };
  return undefined;
}

/** What YAML makes of a text, or the text itself where that would lose something of it. */
function parseText(text: string, path: ConfigPath): unknown {
  if (text === '' || isSecret(path)) return text;
  const document = readDocument(text, '');
  const parsed = document.findings.length > 0 ? text : runAtOnce(document.convertWithNulls());
  if (typeof parsed === 'object' && parsed !== null) return parsed;
  if (parsed === null || parsed === undefined) return text.trim() === 'null' ? null : text;
  return JSON.stringify(parsed) === text ? parsed : text;
}

function isSecret(path: ConfigPath): boolean {
  return SECRET_KEYS.has(String(path.at(-1)));
}

/** External labels of a receiver, in which Prometheus expands `$NAME`. */
function isExpandedLater(path: ConfigPath): boolean {
  return path[0] === 'receivers' && path.includes('external_labels');
}

function isStatement(path: ConfigPath): boolean {
  return path[0] === 'processors' && /^(?:transform|filter)(?:\/|$)/.test(String(path[1]));
}

function describeScheme(scheme: string, uri: string): string {
  if (scheme === 'http' || scheme === 'https')
    return (
      `\${${scheme}:…} is not read, since whoever answers could change any part; name the URL as ` +
      'a source of its own, sources are merged'
    );
  const name = uri.slice(0, 40);
  return `${JSON.stringify(name)} is no reference; write env:, file:, yaml: or s3: before it`;
}
