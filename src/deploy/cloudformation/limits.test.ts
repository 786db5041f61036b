/** What one stack does not take is refused before it is written, by the limits of AWS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeModel, WEBAPP } from '../../../test/deploy/models.ts';
import type { DeploymentTemplate, Resource } from '../template.ts';
import { renderTemplateText } from './render.ts';

const log = (index: number, why = 'w'): Resource => ({
  id: `Log${index}`,
  type: 'AWS::Logs::LogGroup',
  properties: {},
  why,
});
const template = (more: Partial<DeploymentTemplate>): DeploymentTemplate => ({
  name: 'metrics',
  region: 'eu-west-1',
  resources: [log(0)],
  outputs: [],
  ...more,
});
const many = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const refusal = (words: string) => ({
  code: 'TEMPLATE_SIZE',
  message: new RegExp(`^the template has ${words} that one stack .*: divide .*generate terraform`),
});

test('as much as a stack takes is written, one more is refused with what and the way out', () => {
  const render = (more: Partial<DeploymentTemplate>) => renderTemplateText(template(more));
  render({ resources: many(500, (i) => log(i)) });
  const resources = many(501, (i) => log(i));
  assert.throws(() => render({ resources }), refusal('501 resources, more than the 500'));
  const output = (i: number) => ({ name: `O${i}`, value: 'v', why: 'w' });
  render({ outputs: many(200, output) });
  const outputs = many(201, output);
  assert.throws(() => render({ outputs }), refusal('201 outputs, more than the 200'));
  assert.throws(
    () => render({ outputs, resources }),
    refusal('501 resources, more than the 500, and 201 outputs, more than the 200'),
  );
  const filled = (bytes: number) => ({ resources: [log(0, 'w'.repeat(bytes))] });
  const spent = render(filled(100_000)).bytes - 100_000;
  assert.equal(render(filled(1_000_000 - spent)).bytes, 1_000_000);
  assert.throws(
    () => render(filled(1_000_001 - spent)),
    refusal('1000001 bytes, more than the 1000000'),
  );
});

test('a model of too many services is refused', () => {
  const services = many(300, (i) => ({ ...WEBAPP, name: `web-${i}` }));
  assert.throws(
    () => renderTemplateText(describeModel({ services })),
    refusal(String.raw`\d+ resources, more than the 500`),
  );
});
