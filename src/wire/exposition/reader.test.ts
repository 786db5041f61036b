import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExpositionError } from './error.ts';
import { ExpositionReader } from './reader.ts';
import { formatSampleValue, writeExposition } from './writer.ts';
import { formatOpenMetricsFloat } from './float.ts';

interface Read {
  series: Record<string, string>;
  value: number;
  tMs: number | undefined;
}

function read(body: string | Uint8Array): Read[] {
  const reader = new ExpositionReader();
  reader.open(typeof body === 'string' ? Buffer.from(body) : body);
  const out: Read[] = [];
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    if (entry !== 'sample') continue;
    out.push({
      series: Object.fromEntries(reader.labels()),
      value: reader.value,
      tMs: reader.hasTime ? reader.tMs : undefined,
    });
  }
  return out;
}

test('what Prometheus takes is taken', () => {
  const cases: [string, Record<string, string>, number, number?][] = [
    ['a 1', { __name__: 'a' }, 1],
    ['  a\t 1.5 \t 1700 \n', { __name__: 'a' }, 1.5, 1700],
    ['a{} .5', { __name__: 'a' }, 0.5],
    ['a {b="c",} 5.', { __name__: 'a', b: 'c' }, 5],
    ['a{ b = "c" , d="e" }-1e3\n', { __name__: 'a', b: 'c', d: 'e' }, -1000],
    ['a{b="\\\\\\"\\n\\x"} +Inf', { __name__: 'a', b: '\\"\n\\x' }, Infinity],
    ['a{b="new\nline"} -inf', { __name__: 'a', b: 'new\nline' }, -Infinity],
    ['a{b=""} nan', { __name__: 'a', b: '' }, NaN],
    ['{"my.name","my.label"="v"} 1', { __name__: 'my.name', 'my.label': 'v' }, 1],
    ['{b="c","a"} 1', { __name__: 'a', b: 'c' }, 1],
    ['a:b{é="v"} 1'.replace('é', '"é"'), { __name__: 'a:b', é: 'v' }, 1],
    ['a 08 15', { __name__: 'a' }, 8, 15],
    ['a 0.30000000000000004', { __name__: 'a' }, 0.30000000000000004],
    ['a 1.083664e+06', { __name__: 'a' }, 1_083_664],
    ['a 9.223372036854776e+18', { __name__: 'a' }, 9.223372036854776e18],
    ['a 1e00000000000000000002', { __name__: 'a' }, 100],
    ['a 1e-400', { __name__: 'a' }, 0],
    ['a -1 -2', { __name__: 'a' }, -1, -2],
    ['# HELP a x\n#comment\n\n# TYPE a  gauge \na -0', { __name__: 'a' }, -0],
    ['# HELP \n# HELPx\n#TYPE z nothing\na NaN', { __name__: 'a' }, NaN],
    ['a{b="nul\u0000"} 1', { __name__: 'a', b: 'nul\u0000' }, 1],
  ];
  for (const [body, series, value, tMs] of cases) {
    assert.deepEqual(read(body), [{ series, value, tMs }], body);
  }
  assert.deepEqual(read(''), []);
  assert.deepEqual(read('\n\n# nothing'), []);
});

test('what Prometheus refuses is refused, with line and column', () => {
  const cases: [string, number, number][] = [
    ['a', 1, 2],
    ['a\n', 1, 2],
    ['ok 1\na{b="c} 1\n', 2, 5],
    ["a{b='c'} 1", 1, 5],
    ['a{=""} 1', 1, 3],
    ['a{""="v"} 1', 1, 4],
    ['{b="c"} 1', 1, 1],
    ['a{"b"} 1', 1, 4],
    ['a{b="c",b="d"} 1', 1, 9],
    ['a{__name__="b"} 1', 1, 3],
    ['a{b="c"+} 1', 1, 8],
    ['a{b="c"} 1_2', 1, 10],
    ['a 0x1p3', 1, 3],
    ['a 1e999', 1, 3],
    ['a 1e', 1, 3],
    ['a 1e+', 1, 3],
    ['a e5', 1, 3],
    ['a 1e5.5', 1, 3],
    ['a +nan', 1, 3],
    ['a 1\r\n', 1, 3],
    ['a 1 2 3\n', 1, 3],
    ['a 1 1.5\n', 1, 3],
    ['a 1 99999999999999999999\n', 1, 3],
    ['a{,} 1', 1, 3],
    ['a-b 1', 1, 2],
    ['9a 1', 1, 1],
    ['\u0000a 1', 1, 1],
    ['# TYPE a nothing\n', 1, 9],
    ['# TYPE met-ric gauge\n', 1, 11],
  ];
  for (const [body, line, column] of cases) {
    assert.throws(
      () => read(body),
      (error) => {
        assert.ok(error instanceof ExpositionError, body);
        assert.deepEqual([error.line, error.column], [line, column], `${body}: ${error.message}`);
        return true;
      },
      body,
    );
  }
  assert.throws(() => read(Buffer.from([97, 32, 49, 10, 35, 255, 10])), /line 2.*UTF-8/);
});

test('le and quantile are spelt as floats, by the type of the family', () => {
  const body = [
    '# TYPE h histogram',
    'h_bucket{le="1",quantile="1"} 1',
    'h_bucket{le="+Inf"} 1',
    '# TYPE s summary',
    's{le="1",quantile="0.50"} 1',
    '# TYPE g gauge',
    'g{le="1",quantile="1"} 1',
  ].join('\n');
  assert.deepEqual(
    read(body).map(({ series }) => [series['le'], series['quantile']]),
    [
      ['1.0', '1'],
      ['+Inf', undefined],
      ['1', '0.5'],
      ['1', '1'],
    ],
  );
  const spelt: [number, string][] = [
    [0, '0.0'],
    [100_000, '100000.0'],
    [1_000_000, '1e+06'],
    [1_234_567, '1.234567e+06'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1e21, '1e+21'],
    [-2.5, '-2.5'],
  ];
  for (const [value, text] of spelt) assert.equal(formatOpenMetricsFloat(value), text);
});

test('every float64 that is written reads back as itself', () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.tuple(fc.integer(), fc.integer({ min: 0, max: 12 })).map(([a, b]) => a / 10 ** b),
  );
  fc.assert(
    fc.property(number, (value) => {
      const text = formatSampleValue(value);
      assert.ok(Object.is(read(`a ${text}`)[0]?.value, value), text);
      if (!Number.isFinite(value)) return;
      assert.equal(read(`a ${value.toExponential()}`)[0]?.value, value === 0 ? 0 : value);
    }),
    { numRuns: 500 },
  );
});

test('any label value that is written reads back as itself', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.string({ minLength: 1, unit: 'binary' }),
        { maxKeys: 6 },
      ),
      (labels) => {
        delete labels['__name__'];
        const family = { name: 'x.y', help: 'h', type: 'gauge', samples: [{ labels, value: 1 }] };
        const [sample] = read(writeExposition([{ ...family, type: 'gauge' }]));
        assert.deepEqual(sample?.series, { __name__: 'x.y', ...labels });
      },
    ),
    { numRuns: 200 },
  );
});

const families = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z]{1,4}$/).map((name) => `m_${name}_total`),
    // The text format has no way to say that a help text begins with blanks.
    help: fc.string({ unit: 'binary' }).map((text) => text.replace(/^[ \t]+/, '')),
    type: fc.constantFrom('counter' as const),
    samples: fc.uniqueArray(
      fc.record({
        labels: fc.dictionary(
          fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name !== '__name__'),
          fc.string({ minLength: 1, unit: 'binary' }),
          { maxKeys: 4 },
        ),
        value: fc.double(),
        tMs: fc.option(fc.integer({ min: -(10 ** 12), max: 10 ** 13 }), { nil: undefined }),
        exemplar: fc.option(
          fc.record({
            labels: fc.dictionary(
              fc.stringMatching(/^[a-z]{1,5}$/),
              fc.string({ unit: 'binary' }),
              { maxKeys: 3 },
            ),
            value: fc.double({ noNaN: true }),
            tMs: fc.option(fc.integer({ min: 0, max: 10 ** 13 }), { nil: undefined }),
          }),
          { nil: undefined },
        ),
      }),
      { maxLength: 4, selector: ({ labels }) => JSON.stringify(Object.entries(labels)) },
    ),
  }),
  { maxLength: 4, selector: ({ name }) => name },
);

test('any exposition that is written reads back as itself, in text and in OpenMetrics', () => {
  fc.assert(
    fc.property(
      families,
      fc.constantFrom('text' as const, 'openmetrics' as const),
      (list, format) => {
        const reader = new ExpositionReader();
        reader.open(Buffer.from(writeExposition(list, format)), format);
        const found: unknown[] = [];
        for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
          if (entry === 'help') found.push(['help', reader.metricName, reader.text]);
          if (entry !== 'sample') continue;
          const [[, name] = [], ...labels] = reader.labels();
          const exemplar = reader.hasExemplar ? reader.exemplar() : undefined;
          found.push([
            name,
            Object.fromEntries(labels),
            reader.value,
            reader.hasTime ? reader.tMs : undefined,
            exemplar && { ...exemplar, labels: Object.fromEntries(exemplar.labels) },
          ]);
        }
        const isText = format === 'text';
        const expected = list
          .filter(({ samples }) => samples.length > 0)
          .flatMap(({ name, help, samples }) => [
            ...(help === '' ? [] : [['help', isText ? name : name.slice(0, -6), help]]),
            ...samples.map(({ labels, value, tMs, exemplar }) => [
              name,
              labels,
              value,
              tMs,
              isText ? undefined : exemplar,
            ]),
          ]);
        assert.deepEqual(JSON.stringify(found), JSON.stringify(expected));
      },
    ),
    { numRuns: 300 },
  );
});

test('no bytes make the reader hang or fail with anything but its own error', () => {
  const piece = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    '=',
    ',',
    ' ',
    '\n',
    '1',
    '.',
    'e',
    '#',
    '-',
    '\t',
    'é',
  );
  const body = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join(''))),
    fc.uint8Array({ maxLength: 60 }),
  );
  fc.assert(
    fc.property(body, (bytes) => {
      try {
        read(bytes);
      } catch (error) {
        assert.ok(error instanceof ExpositionError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('the first byte that is no UTF-8 is named, wherever it is', () => {
  const piece = fc.constantFrom('a', 'bb', 'é', '\n', '\n\n', 'c'.repeat(50));
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.array(piece, { maxLength: 40 }),
      (before, after) => {
        const start = Buffer.from(before.join(''));
        const page = Buffer.concat([start, Buffer.from([0xff]), Buffer.from(after.join(''))]);
        const lines = start.toString().split('\n');
        const column = Buffer.byteLength(lines.at(-1) ?? '') + 1;
        const reader = new ExpositionReader();
        assert.throws(() => reader.open(page), { line: lines.length, column });
      },
    ),
  );
});

test('words of hostile length are refused or cut, in linear time', () => {
  const read = (page: string, format: 'text' | 'openmetrics' = 'text') => {
    const reader = new ExpositionReader();
    reader.open(Buffer.from(page), format);
    reader.next();
    return reader;
  };
  const long = 'x'.repeat(300_000);
  for (const series of [long, `a{${long}="1"}`, `a{b="${long}"}`, `a{${'b="1",'.repeat(60_000)}}`])
    assert.throws(() => read(`${series} 1\n`), /a series is longer than 262144 bytes/);
  assert.throws(() => read(`# HELP ${long} a\n`), /a metric name is longer/);
  assert.equal(read(`# HELP a ${long}\n`).text.length, 65_536);
  assert.equal(read(`# TYPE a counter${' '.repeat(1_000_000)}\n`).text, 'counter');
  assert.throws(() => read(`# TYPE a ${' '.repeat(1_000_000)}x\n`), /invalid metric type "x"/);
  assert.throws(
    () => read(`# TYPE a b${' '.repeat(1_000_000)}x\n`),
    ({ message }: Error) => message.length < 300 && /invalid metric type "b/.test(message),
  );
  const many = Array.from({ length: 20_000 }, (_, i) => `l${i}="1"`).join(',');
  assert.throws(() => read(`a{${many}`, 'openmetrics'), /found the end of the line/);
});

test('what is wrong with a page is called what it is', () => {
  const read = (page: string | Buffer, format: 'text' | 'openmetrics' = 'text') => {
    const reader = new ExpositionReader();
    reader.open(Buffer.from(page), format);
    while (reader.next() !== 'end');
  };
  const fault = (page: string | Buffer, words: RegExp, format?: 'openmetrics') =>
    assert.throws(() => read(page, format), words);
  fault(
    Buffer.from('a 1\nb{c="\xe9\xff"} 1\n', 'latin1'),
    /line 2, column 6: invalid UTF-8, the bytes \\xe9\\xff\\x22\\x7d$/,
  );
  fault(
    Buffer.from('\ufeffa 1\n', 'utf16le'),
    /line 1, column 1: .* \\xff\\xfe\\x61\\x00; the page is UTF-16/,
  );
  // A character that is cut off at the end of a page.
  fault(Buffer.from([0x61, 0xe2, 0x82]), /column 2: invalid UTF-8, the bytes \\xe2\\x82/);
  fault('\ufeffa 1\n', /found "\\ufeff"$/);
  fault('a\u00a0 1\n', /found "\\u00a0"$/);
  fault('a \u200b1\n', /found "\\u200b1"$/);
  fault('a{b="c"}\u{1f600} 1\n', /found "😀"|expected a value/u);
  fault('# TYPE a coun\u200bter\n', /invalid metric type "coun\\u200bter"/);
  fault(
    'a_total 1 # {id="x"} 1\n',
    /column 11: exemplars are of OpenMetrics alone; serve Content-Type/,
  );
  for (const tail of ['# id="x" 1', '# {id="x"}', '# {id="x"} 1 now', '#{id="x"} 1'])
    fault(
      `a_total 1 ${tail}\n# EOF\n`,
      /column 11: expected an exemplar .* with the braces, .* in seconds/,
      'openmetrics',
    );
  fault('a_total 1 now\n# EOF\n', /at most a timestamp in seconds.*found "1 now"/, 'openmetrics');
  fault('a 1 now\n', /at most a timestamp in ms, found "1 now"/);
});

test('a large body is opened in slices that end between characters, with the same faults', () => {
  const mebibyte = 1024 * 1024;
  const open = (body: Buffer): { slices: number; fault: string; length: number } => {
    const reader = new ExpositionReader();
    let slices = 1;
    try {
      for (const _ of reader.openInSlices(body, 'text')) slices += 1;
    } catch (error) {
      return { slices, fault: String(error), length: 0 };
    }
    return { slices, fault: '', length: reader.bytes.length };
  };
  for (const character of ['é', '漢', '😀'])
    for (let shift = 0; shift < 4; shift++) {
      const text = '#'.repeat(shift + 1) + character.repeat(mebibyte);
      const body = Buffer.from(text);
      const { slices, fault, length } = open(body);
      assert.equal(fault, '');
      assert.equal(length, body.length + 1, 'with a line feed');
      assert.ok(slices >= Math.floor(body.length / mebibyte), `${slices} slices`);
      for (const at of [mebibyte - 1, mebibyte, mebibyte + 1, body.length - 1]) {
        const bad = Buffer.from(body);
        bad[at] = 0xff;
        assert.throws(
          () => new ExpositionReader().open(bad),
          (error) => String(error) === open(bad).fault && error instanceof ExpositionError,
        );
      }
    }
});
