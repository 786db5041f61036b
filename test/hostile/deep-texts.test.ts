/**
 * Texts that nest 100,000 levels deep, or as deep as goes below the limits of length: whatever
 * parses them refuses with words, or reads them, and soon; none runs out of stack.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfigText } from '../../src/config/load.ts';
import { redactConfig } from '../../src/config/redact.ts';
import { parsePattern } from '../../src/emulator/logs/filter-pattern.ts';
import { readEmf } from '../../src/emulator/cloudwatch/emf.ts';
import { parseFilter } from '../../src/emulator/xray/filter.ts';
import { readOtlpDocument } from '../../src/emulator/xray/otlp.ts';
import { readDaemonFile } from '../../src/commands/xray/daemon-file.ts';
import { runAtOnce } from '../../src/kernel/giving-way.ts';
import { countRequestItems, halveRequest } from '../../src/wire/otlp/cutting.ts';
import { fitSpans } from '../../src/wire/otlp/fitting-spans.ts';
import { encodeJsonRequest } from '../../src/wire/otlp/json.ts';
import { cutTraces } from '../../src/wire/otlp/trace-documents.ts';
import { openIntake } from '../kit/otlp-intake.ts';
import { parseForeignJson } from '../../src/kernel/foreign-json.ts';
import { parseForeignYaml } from '../../src/kernel/foreign-yaml.ts';
import { readSegmentDocument } from '../../src/page/traces/document.ts';
import { formatLegend } from '../../src/page/query.ts';
import { compileRe2, compileRegex } from '../../src/relabel/regex.ts';
import { compileSearch } from '../../src/relabel/search.ts';
import { parseCondition, parseStatement } from '../../src/transforms/ottl/parser.ts';
import { decodeCbor } from '../../src/wire/cbor.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { readHead } from '../../src/wire/xray/document.ts';
import { parseExactly } from '../../src/wire/xray/exact-json.ts';
import { parseQuery } from '../../src/workspace/promql/parser.ts';
import { parseSelectorText } from '../../src/workspace/promql/selector-parser.ts';

const LEVELS = [100_000, 8_000] as const;
/** Of one text; what is bounded takes a third of it at most. */
const CPU_MAX_US = 2_000_000;

/** A segment up to the list of those within it. */
const SEGMENT = '{"id":"a","name":"b","start_time":1,"subsegments":';

/** Each fault costs some microseconds, and each level is three of them. */
const FAULTY = `exporters: { a: ${'${env:A:-'.repeat(20_000)}${'}'.repeat(20_000)} }`;

/** As long as a regular expression may be: without a limit of depth it takes seconds. */
const LONG_REGEX = `${'(a|'.repeat(240_000)}b${')'.repeat(240_000)}`;

interface Row {
  readonly parse: (given: never) => unknown;
  readonly given: readonly unknown[];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** What is parsed, with texts that nest so deep. */
function listParsers(levels: number): Readonly<Record<string, Row>> {
  const nest = (open: string, inner: string, close: string): string =>
    open.repeat(levels) + inner + close.repeat(levels);

  const jsonTexts = [nest('[', '1', ']'), nest('{"a":', '1', '}'), '['.repeat(levels)];

  /** Groups of protobuf, and messages within messages as long as their lengths say. */
  const groups = Buffer.alloc(levels, 0x0b);
  const messages = Buffer.alloc(levels, 0x0a);

  /** A value of OTLP that holds a list of one value, and so on. */
  const deepJsonValue = nest('{"arrayValue":{"values":[', '{"intValue":1}', ']}}');

  /** The same in protobuf, within fields of these tags; texts stand as they are. */
  const deepRequest = (...around: readonly (number | string)[]): Buffer => {
    const parts: Buffer[] = [];
    let length = 0;
    const wrap = (tag: number | string): void => {
      const head = typeof tag === 'string' ? [...Buffer.from(tag)] : [tag, ...varint(length)];
      parts.push(Buffer.from(head));
      length += head.length;
    };
    for (let level = 0; level < levels; level++) {
      wrap(0x0a);
      wrap(0x2a);
    }
    around.toReversed().forEach(wrap);
    return Buffer.concat(parts.toReversed());
  };
  /** The value of an attribute of the resource of the first entry. */
  const deepResource = deepRequest(0x0a, 0x0a, 0x0a, 0x12);
  /** Of an attribute of a point of a gauge: the metric has a name, and the point a time. */
  const [name, time] = ['\n\u0001m', `\u0019${'\u0001'.repeat(8)}`];
  const deepPoint = deepRequest(0x0a, 0x12, 0x12, name, 0x2a, 0x0a, time, 0x3a, 0x12);

  return {
    PromQL: {
      parse: parseQuery,
      given: [
        nest('(', '1', ')'),
        nest('-', '1', ''),
        nest('abs(', '1', ')'),
        nest('1+', '1', ''),
        nest('1^', '1', ''),
        nest('', 'a', '[5m:1m]'),
        nest('', 'a', ' offset 1m'),
        nest('sum by (a) (', 'a', ')'),
        `a{b=~"${nest('(', 'x', ')')}"}`,
      ],
    },
    selectors: { parse: parseSelectorText, given: [nest('{', '', '}'), nest('a{b="', 'c', '"}')] },
    'conditions of OTTL': {
      parse: parseCondition,
      given: [
        nest('(', 'true', ')'),
        nest('not ', 'true', ''),
        nest('true and ', 'true', ''),
        nest('true or ', 'true', ''),
        nest('IsString(', 'name', ')'),
        `attributes${nest('["a"]', '', '')} == 1`,
        `1 == ${nest('1 + ', '1', '')}`,
        `1 == ${nest('(', '1', ')')}`,
        `1 == ${nest('[', '1', ']')}`,
        `1 == ${nest('{"a": ', '1', '}')}`,
      ],
    },
    'statements of OTTL': {
      parse: parseStatement,
      given: [
        `set(name, ${nest('Concat([', '"a"', '], "")')})`,
        `set(${nest('f(', 'a', ')')}, 1)`,
        `set(name, ${nest('[', '1', ']')})`,
      ],
    },
    'JSON of others': { parse: parseForeignJson, given: jsonTexts },
    'YAML of others': {
      parse: parseForeignYaml,
      given: [
        ...jsonTexts,
        nest('{a: ', '1', '}'),
        nest('- ', 'a', ''),
        nest('? ', 'a', ''),
        `[${nest('b: c: ', '', '')}]`,
      ],
    },
    configurations: {
      parse: async (text: string) => checkConfigText(text, 'c.yml', { env: {} }),
      given: [
        `a: ${nest('[', '1', ']')}`,
        `remote_write: ${nest('{a: ', '1', '}')}`,
        nest('- ', 'a', ''),
        `receivers: ${nest('{a: ', '1', '}')}`,
        `a: [${nest('b: c: ', '', '')}]`,
        `remote_write: ${nest('${env:A', '', '}')}`,
        FAULTY,
      ],
    },
    'shown configurations': {
      parse: redactConfig,
      given: [
        `a: ${nest('[', '1', ']')}`,
        `remote_write: ${nest('{a: ', '1', '}')}`,
        FAULTY,
        `a: [${nest('b: c: ', '', '')}]`,
      ],
    },
    'files of the X-Ray daemon': {
      parse: (text: string) => readDaemonFile(text, true),
      given: [
        ...jsonTexts,
        nest('- ', 'a', ''),
        `Version: ${nest('{a: ', '1', '}')}`,
        `[${nest('b: c: ', '', '')}]`,
      ],
    },
    'regular expressions': {
      parse: async (text: string) => {
        for (const compile of [compileRegex, compileRe2, compileSearch])
          await checkWords(text.slice(0, 20), async () => compile(text));
      },
      given: [
        nest('(', 'a', ')'),
        nest('(?:', 'a', ')*'),
        nest('a|', '', ''),
        nest('[[', 'a', ']'),
        nest('(?i:', 'a', ')'),
        nest('(a|', 'b', ')'),
        LONG_REGEX,
      ],
    },
    'exact JSON': { parse: parseExactly, given: jsonTexts },
    'segment documents': {
      parse: (text: string) => readHead(Buffer.from(text)),
      given: [
        ...jsonTexts,
        `{"trace_id":"1-2-3","id":"a","subsegments":${nest('[{"subsegments":', '1', '}]')}}`,
      ],
    },
    'segment documents of the page': {
      parse: (text: string) => readSegmentDocument(text, 1_000),
      given: [...jsonTexts, `${SEGMENT}${nest(`[${SEGMENT}`, '[]', '}]')}}`],
    },
    CBOR: {
      parse: decodeCbor,
      given: [
        Buffer.alloc(levels, 0x81),
        Buffer.alloc(levels, 0xa1),
        Buffer.alloc(levels, 0xc0),
        Buffer.alloc(levels, 0x9f),
      ],
    },
    'remote write': {
      parse: (bytes: Buffer) => decodeWriteRequest(bytes, { series: () => undefined }),
      given: [groups, messages],
    },
    'filter patterns': {
      parse: parsePattern,
      given: [
        `{ ${nest('(', '$.a = 1', ')')} }`,
        nest('[', 'a', ']'),
        `{ ${nest('$.a = 1 && ', '$.b = 1', '')} }`,
        `{ $${nest('.a', '', '')} = 1 }`,
        `{ $${nest('[0]', '', '')} = 1 }`,
      ],
    },
    'embedded metrics': {
      parse: (text: string) => readEmf(text, true, 0),
      given: [...jsonTexts, `{"_aws":${nest('{"a":', '1', '}')}}`],
    },
    'filters of X-Ray': {
      parse: parseFilter,
      given: [
        nest('(', 'ok', ')'),
        nest('!', 'ok', ''),
        nest('ok AND ', 'ok', ''),
        nest('service(', '"a"', ')'),
      ],
    },
    'OTLP in JSON': {
      parse: async (text: string) => {
        for (const signal of ['metrics', 'traces'] as const)
          await checkWords(signal, async () => encodeJsonRequest(signal, Buffer.from(text)));
      },
      given: [
        ...jsonTexts,
        `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":${deepJsonValue}}]}}]}`,
        `{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":${deepJsonValue}}]}}]}`,
      ],
    },
    'metrics of OTLP in protobuf': {
      parse: async (body: Buffer) => openIntake().intake.take(body),
      given: [groups, messages, deepResource, deepPoint],
    },
    'traces of OTLP in protobuf': {
      parse: async (body: Buffer) => {
        await checkWords('cut', async () => runAtOnce(cutTraces(body)));
        fitSpans(Buffer.from(`T1S${body.toString('base64')}`), 1_000);
      },
      given: [groups, messages, deepResource],
    },
    'requests of OTLP that are cut': {
      parse: async (body: Buffer) => {
        for (const signal of ['metrics', 'traces'] as const)
          await checkWords(signal, async () => [
            countRequestItems(signal, body),
            halveRequest(signal, body),
          ]);
      },
      given: [groups, messages, deepResource],
    },
    'legends of the page': {
      parse: (text: string) => formatLegend(text, { a: '{a}' }),
      given: [nest('{', 'a', '}'), nest('{{a', '', '}}')],
    },
    'OTLP documents of X-Ray': { parse: readOtlpDocument, given: jsonTexts },
  };
}

for (const levels of LEVELS)
  for (const [name, { parse, given }] of Object.entries(listParsers(levels)))
    test(`${name}: ${levels} levels are refused with words, or read, and soon`, async () => {
      for (const text of given) {
        const what = JSON.stringify(String(text).slice(0, 60));
        const before = process.cpuUsage();
        await checkWords(what, async () => parse(text as never));
        const { user, system } = process.cpuUsage(before);
        assert.ok(user + system < CPU_MAX_US, `${what}: ${(user + system) / 1e6} s of computing`);
      }
    });

async function checkWords(what: string, parse: () => Promise<unknown>): Promise<void> {
  try {
    await parse();
  } catch (error) {
    // Of one part of what is parsed.
    if (error instanceof assert.AssertionError) throw error;
    const words = `${what}: ${String(error).slice(0, 200)}`;
    assert.ok(error instanceof Error && !(error instanceof RangeError), words);
    assert.ok(error.message.length > 5 && error.message.length < 2_000, words);
  }
}
