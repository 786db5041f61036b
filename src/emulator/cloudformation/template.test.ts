import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTemplate } from './template-summary.ts';
import { readTemplateText } from './template-text.ts';

test('plain scalars are read as YAML 1.1 has them, and dates stay text', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['2012-10-17', '2012-10-17'],
    ['0700', 448],
    ['0890', '0890'],
    ['1_000', 1_000],
    ['0x1F', 31],
    ['1.5', 1.5],
    ['yes', true],
    ['Off', false],
    ['y', 'y'],
    ['~', null],
    ['22:22', 1_342],
    ['10.10.0.0/16', '10.10.0.0/16'],
    ['123456789012345678901', '123456789012345678901'],
    ["'0700'", '0700'],
    ['"yes"', 'yes'],
    ['!!str 12', '12'],
    ['c5.large', 'c5.large'],
    ['-1', -1],
  ];
  for (const [text, value] of rows)
    assert.deepEqual(readTemplateText(`a: ${text}`), { a: value }, text);
});

test('short forms of functions are the long ones', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['!Ref Vpc', { Ref: 'Vpc' }],
    ['!Condition IsLarge', { Condition: 'IsLarge' }],
    ['!GetAtt Role.Arn', { 'Fn::GetAtt': ['Role', 'Arn'] }],
    ['!GetAtt Nested.Outputs.Name', { 'Fn::GetAtt': ['Nested', 'Outputs.Name'] }],
    ['!GetAtt [Role, Arn]', { 'Fn::GetAtt': ['Role', 'Arn'] }],
    ["!Sub '${A}-b'", { 'Fn::Sub': '${A}-b' }],
    ["!GetAZs ''", { 'Fn::GetAZs': '' }],
    ["!Select [0, !GetAZs '']", { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }],
    ['!Join [",", [a, !Ref B]]', { 'Fn::Join': [',', ['a', { Ref: 'B' }]] }],
    ['!Base64 12', { 'Fn::Base64': '12' }],
  ];
  for (const [text, value] of rows)
    assert.deepEqual(readTemplateText(`a: ${text}`), { a: value }, text);
});

test('of a key that is given twice the last counts; JSON is a template too', () => {
  assert.deepEqual(readTemplateText('a: 1\na: 2\n'), { a: 2 });
  assert.deepEqual(readTemplateText('{"a": [1, "0700"]}'), { a: [1, '0700'] });
});

const GROUP = 'Type: AWS::Logs::LogGroup';

test('a template that is none is refused in the words of CloudFormation', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['a: [', /^Template format error: YAML not well-formed\. \(line \d+, column \d+\)/],
    ['{"a": }', /^Template format error: JSON not well-formed/],
    ['- a', /^Template format error: unsupported structure\.$/],
    ['Resources: {}', /At least one Resources member must be defined/],
    ['Foo: 1\nResources: {A: {}}', /Invalid template property or properties \[Foo\]/],
    ['Resources: {A: {}}', /\[\/Resources\/A\] Every Resources object must contain a Type member/],
    [`Resources: {my-a: {${GROUP}}}`, /Resource name my-a is non alphanumeric/],
    [`Resources: {A: {${GROUP}, Propertys: {}}}`, /Invalid template resource property 'Propertys'/],
    [`Resources: {A: {${GROUP}, Properties: {LogGroupName: }}}`, /'null' values are not allowed/],
    [
      'Resources: {A: {Type: AWS::Foo::Bar}}',
      /^Template format error: Unrecognized resource types: \[AWS::Foo::Bar\]; this emulator has AWS::APS/,
    ],
    [
      `Resources: {A: {${GROUP}, Properties: {LogGroupName: !Ref X}}}`,
      /^Template format error: Unresolved resource dependencies \[X\] in the Resources block of the template$/,
    ],
    [
      `Resources: {A: {${GROUP}, DependsOn: B}}`,
      /Unresolved resource dependencies \[B\] in the Resources block/,
    ],
    [
      `Resources: {A: {${GROUP}}}\nOutputs: {O: {Value: !Sub '\${Y}'}}`,
      /Unresolved resource dependencies \[Y\] in the Outputs block/,
    ],
    [
      `Resources: {A: {${GROUP}, Properties: {LogGroupName: !GetAtt B.Arn}}}`,
      /^Template error: instance of Fn::GetAtt references undefined resource B$/,
    ],
    [
      `Resources:\n  A: {${GROUP}, Properties: {LogGroupName: !Ref B}}\n` +
        `  B: {${GROUP}, DependsOn: A}`,
      /^Circular dependency between resources: \[A, B\]$/,
    ],
    [
      `Resources: {A: {${GROUP}, Condition: C}}`,
      /Unresolved condition dependency C in the Resources block/,
    ],
    [`a: &a 1\nResources: {A: {${GROUP}, Metadata: *a}}`, /aliases are not allowed/],
    [
      `Resources: {A: {${GROUP}, Properties: {LogGroupName: {Fn::Foo: 1}}}}`,
      /this emulator has no Fn::Foo/,
    ],
    [
      `Resources: {A: {${GROUP}, Properties: {Tags: '${'{{resolve:ssm:/a}}'.repeat(61)}'}}}`,
      /^Template contains 61 dynamic references; the most is 60$/,
    ],
  ];
  for (const [text, message] of rows) assert.throws(() => judgeTemplate(text), { message }, text);
});
