import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDocument } from './datagram.ts';

const DOCUMENT = '{"name":"web"}';

/** What becomes of a datagram: its document, or why it is rejected. */
function judge(datagram: string | Buffer): string {
  const bytes = Buffer.from(datagram as string);
  const found = findDocument(bytes);
  return typeof found === 'number' ? `document ${bytes.toString('latin1', found)}` : found;
}

test('headers that the daemon takes', () => {
  for (const header of [
    '{"format": "json", "version": 1}',
    '{"format":"json","version":1}',
    '{"format":"jSoN","version":1}',
    '{"FORMAT":"json","Version":1}',
    '{"format":"json","version":1,"sdk":{"name":"x"},"more":[1]}',
    ' {"format":"json","version":1}\r',
    '{"version":2,"format":"json","VERSION":1}',
    '{"format":"json","version":1,"Version":"2"}',
    '{"format":"json","version":1,"Format":null}',
    `{"format":"json","version":1,"more":"${'x'.repeat(60_000)}"}`,
  ])
    assert.equal(judge(`${header}\n${DOCUMENT}`), `document ${DOCUMENT}`, header.slice(0, 80));
});

test('headers that the daemon rejects', () => {
  for (const header of [
    '',
    ' ',
    'null',
    '[]',
    '"json"',
    '1',
    '{',
    '{}',
    '{"format":"json"}',
    '{"version":1}',
    '{"format":"xml","version":1}',
    '{"format":"json","version":2}',
    '{"format":"json","version":1.5}',
    '{"format":"json","version":"1"}',
    '{"format":["json"],"version":1}',
    '{"format":"json","version":1,"VERSION":2}',
    '\u{FEFF}{"format":"json","version":1}',
    '{"format":"json","version":1}{}',
    '['.repeat(60_000),
  ])
    assert.equal(judge(`${header}\n${DOCUMENT}`), 'header', header.slice(0, 80));
});

test('a datagram without bytes, line end or document', () => {
  assert.equal(judge(''), 'empty');
  assert.equal(judge('{"format":"json","version":1}'), 'no_line_end');
  assert.equal(judge(Buffer.alloc(65_507, 0xff)), 'no_line_end');
  assert.equal(judge('{"format":"json","version":1}\n'), 'no_document');
  assert.equal(judge('\n'), 'no_document');
});

test('the document is split off at the first line end, and is not read', () => {
  const header = '{"format":"json","version":1}';
  for (const document of ['T1SCgYKBHRlc3Q=', 'T1U=', '{"a":1}\n{"b":2}\n', '\n', '\0\u00ff', '}'])
    assert.equal(
      judge(Buffer.concat([Buffer.from(`${header}\n`), Buffer.from(document, 'latin1')])),
      `document ${document}`,
    );
});
