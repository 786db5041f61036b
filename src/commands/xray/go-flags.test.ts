import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGoSwitch, readGoWhole, rewriteGoFlags } from './go-flags.ts';

const cases: readonly (readonly [given: string, rewritten: string])[] = [
  ['-b 0.0.0.0:2000 -t 0.0.0.0:2000', '--bind=0.0.0.0:2000 --bind-tcp=0.0.0.0:2000'],
  ['-bind=1:2 --bind-tcp=3:4', '--bind=1:2 --bind-tcp=3:4'],
  ['-bind 1:2 --bind-tcp 3:4', '--bind=1:2 --bind-tcp=3:4'],
  ['-n=us-east-1 --n eu-west-1', '--region=us-east-1 --region=eu-west-1'],
  ['-o', '--local-mode=true'],
  ['-o=0 --local-mode=false', '--local-mode=0 --local-mode=false'],
  // A switch takes no argument that follows it: "false" ends the flags.
  ['-o false -b 1:2', '--local-mode=true -- false -b 1:2'],
  ['--version || exit 1', '--version=true -- || exit 1'],
  ['-v', '--version=true'],
  ['-v=false', '--version=false'],
  // A flag with a value takes whatever follows.
  ['-r -o', '--role-arn=-o'],
  ['-p=http://u:p@h:1/?a=b', '--proxy-address=http://u:p@h:1/?a=b'],
  ['-f=', '--log-file='],
  ['-b', '--bind'],
  ['-nope x', '--nope -- x'],
  ['--unknown=x -o', '--unknown=x --local-mode=true'],
  ['-- -o', '-- -o'],
  ['- -o', '-- - -o'],
  ['-b 1:2 -help', '--help'],
  ['-h', '--help'],
  ['--storage.path /data -log.format json', '--storage.path=/data --log.format=json'],
  ['-web.listen-address :9000 --check', '--web.listen-address=:9000 --check=true'],
  ['', ''],
];

for (const [given, rewritten] of cases)
  test(`flags of Go: ${given || 'none'}`, () => {
    const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
    assert.deepEqual(rewriteGoFlags(words(given)), words(rewritten));
  });

for (const argument of ['---x', '-=x', '--=x', '---', '-=hush'])
  test(`flags of Go: ${argument} is no flag and no argument`, () =>
    assert.throws(() => rewriteGoFlags(['-o', argument]), {
      name: 'ConfigError',
      message: /^bad flag syntax: -[-=…x]+; write -flag(?!.*hush)/,
    }));

test('an empty argument ends the flags', () =>
  assert.deepEqual(rewriteGoFlags(['-o', '', '-b']), ['--local-mode=true', '--', '', '-b']));

test('an empty value is a value', () =>
  assert.deepEqual(rewriteGoFlags(['-region', '']), ['--region=']));

test('the words of a switch are those of strconv.ParseBool', () => {
  for (const word of ['1', 't', 'T', 'true', 'TRUE', 'True'])
    assert.equal(readGoSwitch(word), true);
  for (const word of ['0', 'f', 'F', 'false', 'FALSE', 'False'])
    assert.equal(readGoSwitch(word), false);
  for (const word of ['yes', 'on', '', 'tRUE', '2']) assert.equal(readGoSwitch(word), undefined);
});

test('whole numbers are written as in Go', () => {
  const pairs = {
    8: 8,
    '0x10': 16,
    '010': 8,
    '0o10': 8,
    '0b11': 3,
    '1_000': 1_000,
    '-4': -4,
    '+4': 4,
  };
  for (const [text, value] of Object.entries(pairs)) assert.equal(readGoWhole(text), value, text);
  for (const text of ['', 'x', '1.5', '1e3', ' 8', '0x', '_1', '09', '99999999999999999999'])
    assert.equal(readGoWhole(text), undefined, text);
});
