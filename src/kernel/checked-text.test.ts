import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sealLine, sealText, unsealLine, unsealText } from './checked-text.ts';

test('a sealed text comes back as it was, in whatever pieces it was sealed', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
      // A lone surrogate has no UTF-8, and does not come back from any file.
      const whole = pieces.map((piece) => Buffer.from(piece).toString());
      assert.equal(unsealText(sealText(whole).join('')), whole.join(''));
      assert.equal(unsealLine(sealLine(whole.join(''))), whole.join(''));
    }),
  );
});

test('a text that was changed, cut off or never sealed is none', () => {
  const sealed = sealText(['{"a":1}\n', '{"b":2}']).join('');
  for (let at = 0; at < sealed.length; at++) {
    assert.equal(unsealText(sealed.slice(0, at)), undefined, `cut at ${at}`);
    const other = sealed[at] === 'x' ? 'y' : 'x';
    assert.equal(unsealText(sealed.slice(0, at) + other + sealed.slice(at + 1)), undefined);
  }
  assert.equal(unsealText('{"a":1}'), undefined);
  for (const line of ['', '["c",1]', '["c",1] 00000000']) assert.equal(unsealLine(line), undefined);
});
