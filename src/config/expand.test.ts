import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reporter } from '../settings/finding.ts';
import { expand } from './expand.ts';
import { expandReferences } from './otel/expand.ts';

function expandPrometheus(value: unknown, env: Record<string, string>): unknown {
  const steps = expand(value, env);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value.value;
  }
}

async function expandCollector(value: unknown, env: Record<string, string>): Promise<unknown> {
  const tell = (): void => undefined;
  const report: Reporter = { error: tell, warn: tell, lacks: tell, positionOf: () => '' };
  return (await expandReferences(value, { env, texts: [], report })).value;
}

test('references at the edges of a text, inside each other, and beside braces of others', async () => {
  const env = { A: 'a', B: '{A}', C: '${A}', D: 'A' };
  const rows: [written: string, prometheus: string, collector: string][] = [
    ['x${env:A}y}z', 'xay}z', 'xay}z'],
    ['${env:A:-1}${env:N:-x}', 'ax', 'ax'],
    ['}${env:A}{', '}a{', '}a{'],
    ['${env:A} ${env:', 'a ${env:', 'a ${env:'],
    ['x${env:${D}}', 'x${env:${D}}', 'xa'],
    ['x$${env:A}', 'x$a', 'x${env:A}'],
    ['x$$${env:A}', 'x$$a', 'x$a'],
    ['x${a$${env:A}', 'x${a$a', 'x${a${env:A}'],
    ['x$${D}${A} ${env:A}', 'x$${D}${A} a', 'x${D}a a'],
    ['x${env:C}', 'x${A}', 'xa'],
  ];
  for (const [written, prometheus, collector] of rows) {
    assert.deepEqual(expandPrometheus([written], env), [prometheus], written);
    assert.deepEqual(await expandCollector([written], env), [collector], written);
  }
});

test('a text of many beginnings and ends of references costs what its length is', async () => {
  const units = ['${', '${env:A:-', '$${', '$', '${}', '$${env:A:-', '${env:A:-}', '$A'];
  const count = 20_000;
  for (const unit of units)
    for (const end of ['', '}', '}'.repeat(count)]) {
      const text = `x${unit.repeat(count)}${end}`;
      const before = process.cpuUsage();
      expandPrometheus([text], { A: 'a' });
      await expandCollector([text], { A: 'a' });
      const { user, system } = process.cpuUsage(before);
      // Some 0.5 s at most; what is looked through again for each of them, 14 s.
      const tookMs = (user + system) / 1_000;
      assert.ok(tookMs < 6_000, `${unit} … ${end.slice(0, 1)}: ${tookMs} ms`);
    }
});
