/**
 * Texts that nest 100,000 levels deep: whatever parses them refuses with words, or reads them, and
 * soon; none runs out of stack.
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

const LEVELS = 100_000;
/** Of one text; what is bounded takes a third of it at most. */
const CPU_MAX_US = 2_000_000;

function nest(open: string, inner: string, close: string): string {
  return open.repeat(LEVELS) + inner + close.repeat(LEVELS);
}

const JSON_TEXTS = [nest('[', '1', ']'), nest('{"a":', '1', '}'), '['.repeat(LEVELS)];

/** A segment up to the list of those within it. */
const SEGMENT = '{"id":"a","name":"b","start_time":1,"subsegments":';

/** Each fault costs some microseconds, and each level is three of them. */
const FAULTY = `exporters: { a: ${'${env:A:-'.repeat(20_000)}${'}'.repeat(20_000)} }`;

/** Groups of protobuf, and messages within messages as long as their lengths say. */
const GROUPS = Buffer.alloc(LEVELS, 0x0b);
const MESSAGES = Buffer.alloc(LEVELS, 0x0a);

/** A value of OTLP that holds a list of one value, and so on. */
const DEEP_JSON_VALUE = nest('{"arrayValue":{"values":[', '{"intValue":1}', ']}}');

/** A request with the same in protobuf, as an attribute of its resource. */
const DEEP_REQUEST = ((): Buffer => {
  const parts: Buffer[] = [];
  let length = 0;
  const wrap = (tag: number): void => {
    const head = [tag];
    for (let rest = length; ; rest >>>= 7) {
      head.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
      if (rest < 0x80) break;
    }
    parts.push(Buffer.from(head));
    length += head.length;
  };
  for (let level = 0; level < LEVELS; level++) {
    wrap(0x0a);
    wrap(0x2a);
  }
  // The value of an attribute of the resource of the first entry.
  for (const tag of [0x12, 0x0a, 0x0a, 0x0a]) wrap(tag);
  return Buffer.concat(parts.toReversed());
})();

type Parse = (given: never) => unknown;

const PARSERS: Readonly<Record<string, { parse: Parse; given: readonly unknown[] }>> = {
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
    given: [`set(name, ${nest('Concat([', '"a"', '], "")')})`, `set(${nest('f(', 'a', ')')}, 1)`],
  },
  'JSON of others': { parse: parseForeignJson, given: JSON_TEXTS },
  'YAML of others': {
    parse: parseForeignYaml,
    given: [...JSON_TEXTS, nest('{a: ', '1', '}'), nest('- ', 'a', ''), nest('? ', 'a', '')],
  },
  configurations: {
    parse: async (text: string) => checkConfigText(text, 'c.yml', { env: {} }),
    given: [
      `a: ${nest('[', '1', ']')}`,
      `remote_write: ${nest('{a: ', '1', '}')}`,
      nest('- ', 'a', ''),
      `receivers: ${nest('{a: ', '1', '}')}`,
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
    given: [...JSON_TEXTS, nest('- ', 'a', ''), `Version: ${nest('{a: ', '1', '}')}`],
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
    ],
  },
  'exact JSON': { parse: parseExactly, given: JSON_TEXTS },
  'segment documents': {
    parse: (text: string) => readHead(Buffer.from(text)),
    given: [
      ...JSON_TEXTS,
      `{"trace_id":"1-2-3","id":"a","subsegments":${nest('[{"subsegments":', '1', '}]')}}`,
    ],
  },
  'segment documents of the page': {
    parse: (text: string) => readSegmentDocument(text, 1_000),
    given: [...JSON_TEXTS, `${SEGMENT}${nest(`[${SEGMENT}`, '[]', '}]')}}`],
  },
  CBOR: {
    parse: decodeCbor,
    given: [
      Buffer.alloc(LEVELS, 0x81),
      Buffer.alloc(LEVELS, 0xa1),
      Buffer.alloc(LEVELS, 0xc0),
      Buffer.alloc(LEVELS, 0x9f),
    ],
  },
  'remote write': {
    parse: (bytes: Buffer) => decodeWriteRequest(bytes, { series: () => undefined }),
    given: [GROUPS, MESSAGES],
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
    given: [...JSON_TEXTS, `{"_aws":${nest('{"a":', '1', '}')}}`],
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
      ...JSON_TEXTS,
      `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":${DEEP_JSON_VALUE}}]}}]}`,
      `{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":${DEEP_JSON_VALUE}}]}}]}`,
    ],
  },
  'metrics of OTLP in protobuf': {
    parse: async (body: Buffer) => openIntake().intake.take(body),
    given: [GROUPS, MESSAGES, DEEP_REQUEST],
  },
  'traces of OTLP in protobuf': {
    parse: async (body: Buffer) => {
      await checkWords('cut', async () => runAtOnce(cutTraces(body)));
      fitSpans(Buffer.from(`T1S${body.toString('base64')}`), 1_000);
    },
    given: [GROUPS, MESSAGES, DEEP_REQUEST],
  },
  'requests of OTLP that are cut': {
    parse: async (body: Buffer) => {
      for (const signal of ['metrics', 'traces'] as const)
        await checkWords(signal, async () => [
          countRequestItems(signal, body),
          halveRequest(signal, body),
        ]);
    },
    given: [GROUPS, MESSAGES, DEEP_REQUEST],
  },
  'legends of the page': {
    parse: (text: string) => formatLegend(text, { a: '{a}' }),
    given: [nest('{', 'a', '}'), nest('{{a', '', '}}')],
  },
  'OTLP documents of X-Ray': { parse: readOtlpDocument, given: JSON_TEXTS },
};

for (const [name, { parse, given }] of Object.entries(PARSERS))
  test(`${name}: 100,000 levels are refused with words, or read, and soon`, async () => {
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
    const words = `${what}: ${String(error).slice(0, 200)}`;
    assert.ok(error instanceof Error && !(error instanceof RangeError), words);
    assert.ok(error.message.length > 5 && error.message.length < 2_000, words);
  }
}
