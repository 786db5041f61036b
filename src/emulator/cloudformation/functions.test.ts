import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate, makeRoom, NO_VALUE, type FunctionScope } from './functions.ts';
import { chooseBranches } from './scope.ts';
import { readTemplateText } from './template-text.ts';

const CONDITIONS: Readonly<Record<string, boolean>> = { IsA: true, IsB: false };
const VALUES: Readonly<Record<string, unknown>> = {
  A: 'a',
  List: ['x', 'y', 'z'],
  'AWS::Region': 'eu-west-1',
};
const scope: FunctionScope = {
  ref: (name) => VALUES[name] ?? assert.fail(name),
  attribute: (id, name) => `${id}.${name}`,
  mappings: { Images: { 'eu-west-1': { arm: 'ami-1', ports: [80, 443] } } },
  isTrue: (name) => CONDITIONS[name] ?? assert.fail(name),
  zones: (region) => [`${region === '' ? 'eu-west-1' : region}a`, 'eu-west-1b'],
  importValue: (name) => `imported ${name}`,
  room: makeRoom(),
};

function run(text: string): unknown {
  return evaluate((readTemplateText(`v: ${text}`) as { v: unknown }).v, scope);
}

test('each function gives what it stands for', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['!Ref A', 'a'],
    ['!GetAtt Role.Arn', 'Role.Arn'],
    ["!Sub 'x-${A}-${Role.Arn}-${!A}-${AWS::Region}'", 'x-a-Role.Arn-${A}-eu-west-1'],
    ["!Sub ['${B}${A}', {B: !Ref A}]", 'aa'],
    ["!Join ['-', [a, 1, !Ref A]]", 'a-1-a'],
    ["!Join ['', !Ref List]", 'xyz'],
    ['!Select [1, !Ref List]', 'y'],
    ["!Select ['0', !Split [',', 'a,b']]", 'a'],
    ["!Split ['.', !GetAtt Role.Arn]", ['Role', 'Arn']],
    ["!FindInMap [Images, !Ref 'AWS::Region', arm]", 'ami-1'],
    ['!FindInMap [Images, eu-west-1, ports]', [80, 443]],
    ["!Select [0, !GetAZs '']", 'eu-west-1a'],
    ['!Base64 hello', 'aGVsbG8='],
    ["!ImportValue 'x-y'", 'imported x-y'],
    ['!Cidr [10.10.0.0/16, 3, 8]', ['10.10.0.0/24', '10.10.1.0/24', '10.10.2.0/24']],
    ['!Cidr [10.10.7.9/22, 2, 9]', ['10.10.4.0/23', '10.10.6.0/23']],
    ['!If [IsA, 1, 2]', 1],
    ['!If [IsB, 1, [!Ref A]]', ['a']],
    ['!Equals [!Ref A, a]', true],
    ["!Equals [1, '1']", true],
    ['!Not [!Condition IsA]', false],
    ['!And [!Condition IsA, !Equals [a, b]]', false],
    ['!Or [!Condition IsA, !Condition IsB]', true],
    ['{Ref: A, Other: 1}', { Ref: 'A', Other: 1 }],
  ];
  for (const [text, value] of rows) assert.deepEqual(run(text), value, text);
});

test('what is no value is not there', () => {
  assert.deepEqual(run("{a: !Ref 'AWS::NoValue', b: [!If [IsB, 1, !Ref 'AWS::NoValue'], 2]}"), {
    b: [2],
  });
  assert.equal(run("!Ref 'AWS::NoValue'"), NO_VALUE);
});

test('a function with wrong arguments says which it is', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['!Select [9, !Ref List]', /Fn::Select cannot select nonexistent value at index 9/],
    ['!FindInMap [Images, us-east-1, arm]', /Unable to get mapping for Images::us-east-1::arm/],
    ['!FindInMap [Images, toString, arm]', /Unable to get mapping/],
    ['!Join [a]', /Fn::Join object requires/],
    ['!Cidr [10.0.0.0/30, 9, 8]', /has no room for 9 blocks/],
    ['!If [IsA, 1]', /Fn::If object requires a list of 3/],
    ['!Sub [1]', /Fn::Sub intrinsic functions don't specify expected arguments/],
    ['!Transform x', /this emulator has no Fn::Transform/],
    ['!And [!Condition IsA]', /at least 2 and at most 10/],
  ];
  for (const [text, message] of rows) assert.throws(() => run(text), { message }, text);
});

test('what a function would make is refused where it is too much', () => {
  const long = 'x'.repeat(20_000);
  const many = `[${Array.from({ length: 20_000 }, () => 'a').join(', ')}]`;
  const twenty = Array.from({ length: 20 }, (_, i) => i);
  const nest = (inner: string, depth: number): string =>
    depth === 0 ? inner : nest(`!Join ['', [${twenty.map(() => inner).join(', ')}]]`, depth - 1);
  const rows: readonly (readonly [string, RegExp])[] = [
    [`!Join [${long}, ${many}]`, /^Template error: Fn::Join makes a value of \d+ characters/],
    [nest(long.slice(0, 200), 3), /^Template error: Fn::Join makes a value of \d+ characters/],
    [`!Sub ['${'${L}'.repeat(20_000)}', {L: ${long}}]`, /Fn::Sub makes a value of 400000000/],
    [`!Split [',', '${','.repeat(600_000)}']`, /Fn::Split makes a value/],
    [
      `[${Array.from({ length: 2_000 }, () => '!FindInMap [Large, a, b]').join(', ')}]`,
      /values of more than 16777216 characters together; Fn::FindInMap is one too many/,
    ],
    [
      `[${Array.from({ length: 2_000 }, () => '!Ref Long').join(', ')}]`,
      /values of more than 16777216 characters together; Ref is one too many/,
    ],
  ];
  for (const [text, message] of rows)
    assert.throws(
      () =>
        evaluate((readTemplateText(`v: ${text}`) as { v: unknown }).v, {
          ...scope,
          mappings: { Large: { a: { b: [long] } } },
          ref: (name) => (name === 'Long' ? long : scope.ref(name)),
          room: makeRoom(),
        }),
      { code: 'ValidationError', message },
      text.slice(0, 40),
    );
});

test('the branch that is not chosen is not waited for', () => {
  const value = readTemplateText('a: !If [IsB, !Ref Gone, !Ref A]\nb: [!If [IsA, 1, !Ref Gone]]');
  assert.deepEqual(chooseBranches(value, scope), { a: { Ref: 'A' }, b: [1] });
});
