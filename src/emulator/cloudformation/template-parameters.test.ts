import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTemplate } from './template.ts';
import { asValue, judgeParameters } from './template-parameters.ts';

function declare(text: string): ReturnType<typeof parseTemplate> {
  return parseTemplate(`Parameters:\n  P: ${text}\nResources: {A: {Type: AWS::Logs::LogGroup}}`);
}

function judge(text: string, value: string): unknown {
  return judgeParameters(declare(text), [{ ParameterKey: 'P', ParameterValue: value }])['P']?.value;
}

test('values have the form of their type', () => {
  assert.equal(judge('{Type: Number}', '7'), '7');
  assert.deepEqual(judge('{Type: CommaDelimitedList}', 'a, b'), ['a', 'b']);
  assert.deepEqual(judge("{Type: 'List<AWS::EC2::Subnet::Id>'}", 'subnet-1,subnet-2'), [
    'subnet-1',
    'subnet-2',
  ]);
  assert.equal(judge('{Type: AWS::EC2::VPC::Id}', 'vpc-1'), 'vpc-1');
  assert.deepEqual(asValue('AWS::SSM::Parameter::Value<List<String>>', 'a,b'), ['a', 'b']);
  const stored = "{Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /a}";
  assert.deepEqual(judgeParameters(declare(stored), [])['P'], {
    text: '/a',
    value: '/a',
    isHidden: false,
    isStored: true,
  });
});

test('a value is given, kept from before, or by default', () => {
  const template = declare('{Type: String, Default: d, NoEcho: true}');
  assert.equal(judgeParameters(template, [])['P']?.value, 'd');
  const before = judgeParameters(template, [{ ParameterKey: 'P', ParameterValue: 'old' }]);
  const kept = judgeParameters(template, [{ ParameterKey: 'P', UsePreviousValue: 'true' }], before);
  assert.equal(kept['P']?.value, 'old');
  assert.equal(kept['P']?.isHidden, true);
});

test('a value that the template does not allow is refused', () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['{Type: String, AllowedValues: [a, b]}', 'c', /^Parameter 'P' must be one of AllowedValues$/],
    [
      '{Type: String, AllowedValues: [a], ConstraintDescription: choose a}',
      'c',
      /^Parameter P failed to satisfy constraint: choose a$/,
    ],
    ["{Type: String, AllowedPattern: '[a-z]+'}", 'a1', /must match pattern \[a-z\]\+/],
    ["{Type: String, AllowedPattern: '(a+)+$'}", `${'a'.repeat(60)}b`, /takes too long/],
    ["{Type: String, AllowedPattern: '('}", 'a', /AllowedPattern \( is no regular expression$/],
    ["{Type: String, AllowedPattern: '(?!aws).*'}", 'aws-a', /must match pattern/],
    ['{Type: String, MinLength: 3}', 'ab', /must contain at least 3 characters/],
    ['{Type: Number}', 'x', /must be a number/],
    ['{Type: Number, MaxValue: 5}', '6', /not greater than 5/],
    ['{Type: Foo}', 'x', /Unrecognized parameter type: Foo/],
  ];
  for (const [text, value, message] of rows)
    assert.throws(() => judge(text, value), { message }, text);
  assert.throws(() => judgeParameters(declare('{Type: String}'), []), {
    message: 'Parameters: [P] must have values',
  });
  const other = [{ ParameterKey: 'Q', ParameterValue: '1' }];
  assert.throws(() => judgeParameters(declare('{Type: String, Default: a}'), other), {
    message: 'Parameters: [Q] do not exist in the template',
  });
});
