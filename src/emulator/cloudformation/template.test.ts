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

test('what the members of a template may not have is refused, and where', () => {
  const deep = `${'['.repeat(2_500)}${']'.repeat(2_500)}`;
  const json = (members: string): string =>
    `{"Resources": {"A": {"Type": "AWS::Logs::LogGroup"}}, ${members}}`;
  const rows: readonly (readonly [string, RegExp])[] = [
    [json(`"Metadata": ${deep}`), /nested deeper than 200 levels at character \d+$/],
    [json(`"Metadata": "\\"${deep}\\\\", "Foo": 1`), /Invalid template property .* \[Foo\]/],
    [json('"Rules": {"R": null}'), /^Template format error: Rules member R must be an object\.$/],
    [json('"Rules": {"R": {"Assertions": 5}}'), /Assertions of Rules\/R must be a list/],
    [json('"Rules": {"R": {"Assertions": [5]}}'), /Assertions member of Rules\/R must contain/],
    [json('"Rules": {"R": {"RuleCondition": 5}}'), /RuleCondition of Rules\/R must be an object/],
    [json('"Rules": {"R": {"Asertions": []}}'), /Invalid template rule property 'Asertions'/],
    [json('"Mappings": {"M": null}'), /Every Mappings member M must be a map$/],
    [json('"Mappings": {"M": {"a": 5}}'), /Every Mappings member M must be a map of maps: a/],
    [json('"Mappings": {"M": {"a": {"b": {}}}}'), /must be a String or a List: M\/a\/b/],
    [
      json('"Mappings": {"M": {"a": {"us-east-1": "b"}}}'),
      /Mappings attribute name 'us-east-1' must contain only alphanumeric characters\.$/,
    ],
    [json('"Conditions": {"C": null}'), /Conditions member C must be one of Condition, Fn::And/],
    [json('"Conditions": {"C": {"Fn::Sub": "a"}}'), /Conditions member C must be one of/],
    [json('"Outputs": {"O": {"Value": "a", "Foo": 1}}'), /Invalid template output property 'Foo'/],
    [json('"Outputs": {"O": {"Value": null}}'), /must contain a Value object: O$/],
    [json('"Outputs": {"O": {"Value": "a", "Description": 5}}'), /must be a string: Outputs\/O/],
    [json('"Outputs": {"O": {"Value": "a", "Condition": 5}}'), /must be a string: Outputs\/O/],
    [
      json('"Outputs": {"O": {"Value": "a", "Export": {"Name": "a", "Nmae": "b"}}}'),
      /Invalid template output property 'Nmae'/,
    ],
    [
      json('"Parameters": {"P": {"Type": "String", "AllowedValues": "a"}}'),
      /Every AllowedValues member must be a list of strings: Parameters\/P/,
    ],
    [json('"Parameters": {"P": {"Type": "String", "MinLength": "x"}}'), /MinLength .* a number/],
    [json('"Parameters": {"P": {"Type": "String", "NoEcho": 5}}'), /NoEcho .* a boolean/],
    [json('"Parameters": {"P": {"Type": "String", "Default": {}}}'), /Default .* a string/],
    [json('"Parameters": {"P": {"Type": "String", "AllowedPattern": 5}}'), /AllowedPattern .* a s/],
    [`Resources: {A: {${GROUP}, CreationPolicy: {Foo: {}}}}`, /CreationPolicy property 'Foo'/],
    [`Resources: {A: {${GROUP}, CreationPolicy: {ResourceSignal: 5}}}`, /must be an object/],
    [
      `Resources: {A: {${GROUP}, CreationPolicy: {ResourceSignal: {Cuont: 5}}}}`,
      /Invalid template CreationPolicy property 'Cuont'; it has Count, Timeout/,
    ],
    [`Resources: {A: {${GROUP}, UpdatePolicy: {Foo: {}}}}`, /UpdatePolicy property 'Foo'/],
  ];
  for (const [text, message] of rows)
    assert.throws(
      () => judgeTemplate(text),
      { code: 'ValidationError', message },
      text.slice(0, 200),
    );
});

test('references to conditions, mappings and parameters that are not there are found first', () => {
  const group = (name: string): string =>
    `Resources: {A: {${GROUP}, Properties: {LogGroupName: ${name}}}}`;
  const condition = (value: string): string => `Conditions: {C: ${value}}\n${group('a')}`;
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      group('!If [Gone, a, b]'),
      /^Template format error: Unresolved condition dependency Gone in the Resources block/,
    ],
    [group("!Join ['', [!If [Gone, a, b]]]"), /condition dependency Gone in the Resources/],
    [group('!If [Gone, a]'), /every Fn::If object requires a list of 3/],
    [
      `${group('a')}\nOutputs: {O: {Value: !If [Gone, a, b]}}`,
      /condition dependency Gone in the Outputs/,
    ],
    [
      `${group('a')}\nOutputs: {O: {Value: a, Export: {Name: !Ref Gone}}}`,
      /Unresolved resource dependencies \[Gone\] in the Outputs/,
    ],
    [condition('!Not [!Condition Gone]'), /condition dependency Gone in the Conditions block/],
    [
      condition('!Equals [!Ref A, a]'),
      /Unresolved dependencies \[A\]\. Cannot reference resources in the Conditions block/,
    ],
    [condition('!Equals [!Ref Gone, a]'), /Unresolved dependencies \[Gone\]/],
    [
      `Rules: {R: {Assertions: [{Assert: !Equals [!Ref Gone, a]}]}}\n${group('a')}`,
      /Unresolved dependencies \[Gone\]\. Cannot reference resources in the Rules block/,
    ],
    [
      group('!FindInMap [Gone, a, b]'),
      /^Template error: Mapping named 'Gone' is not present in the 'Mappings' section/,
    ],
  ];
  for (const [text, message] of rows) assert.throws(() => judgeTemplate(text), { message }, text);
  // The key of a policy is no condition of the template.
  const policy = '{Statement: [{Condition: {StringEquals: {Condition: Gone}}}]}';
  judgeTemplate(
    `Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: ${policy}}}}`,
  );
});
