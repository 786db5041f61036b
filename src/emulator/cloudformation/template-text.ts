/**
 * Reads the text of a template, JSON or YAML, into plain values: the short forms of functions
 * become the long ones, and scalars are read as YAML 1.1 has them, but dates stay text, so that
 * `Version: 2012-10-17` is one. Of a key that is given twice the last counts.
 * Limits: NESTING_MAX levels, those of the parser of YAML.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Scalar } from 'yaml';
import { parseForeignJson } from '../../kernel/foreign-json.ts';
import { wordsOfYamlError } from '../../kernel/foreign-yaml.ts';
import { parseYaml } from '../../kernel/yaml-steps.ts';
import { AwsError } from '../service.ts';

/** @throws AwsError ValidationError, in CloudFormation's words */
export function readTemplateText(text: string): unknown {
  if (/^\s*\{/.test(text)) return readJson(text);
  const lineCounter = new LineCounter();
  const document = parseYaml(text, { lineCounter, version: '1.1' });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const { line, col } = lineCounter.linePos(fault.pos[0]);
    throw refuseTemplate(
      `YAML not well-formed. (line ${line}, column ${col}): ${wordsOfYamlError(fault)}`,
    );
  }
  return readNode(document.contents);
}

/** The fault of a template, as CloudFormation begins it. */
export function refuseTemplate(what: string): AwsError {
  return new AwsError('ValidationError', `Template format error: ${what}`);
}

const NESTING_MAX = 200;

function readJson(text: string): unknown {
  refuseDepth(text);
  try {
    return parseForeignJson(text);
  } catch (error) {
    throw refuseTemplate(`JSON not well-formed: ${(error as Error).message}`);
  }
}

/** What reads a template calls itself at each level. */
function refuseDepth(text: string): void {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') isText = !isText;
    else if (isText) at += letter === '\\' ? 1 : 0;
    else if (letter === '{' || letter === '[') depth += 1;
    else if (letter === '}' || letter === ']') depth -= 1;
    if (depth > NESTING_MAX)
      throw refuseTemplate(
        `JSON not well-formed: nested deeper than ${NESTING_MAX} levels at character ${at + 1}`,
      );
  }
}

function readNode(node: unknown): unknown {
  const value = readUntagged(node);
  const tag = typeof node === 'object' && node !== null && 'tag' in node ? node.tag : undefined;
  if (typeof tag !== 'string' || !/^![A-Za-z]/.test(tag)) return value;
  const name = tag.slice(1);
  if (name === 'Ref' || name === 'Condition') return { [name]: value };
  // Of `!GetAtt Role.Arn` the first dot divides, as attributes have dots in them.
  if (name === 'GetAtt' && typeof value === 'string') {
    const [, id = value, attribute] = /^([^.]*)\.(.*)$/.exec(value) ?? [];
    return { 'Fn::GetAtt': attribute === undefined ? [id] : [id, attribute] };
  }
  return { [`Fn::${name}`]: value };
}

function readUntagged(node: unknown): unknown {
  if (isMap(node))
    return Object.fromEntries(
      node.items.map(({ key, value }) => {
        if (isScalar(key) && key.value === '<<')
          throw refuseTemplate('YAML hash merges are not allowed in CloudFormation templates');
        return [isScalar(key) ? textOf(key) : String(readNode(key)), readNode(value)];
      }),
    );
  if (isSeq(node)) return node.items.map(readNode);
  if (isAlias(node))
    throw refuseTemplate('YAML aliases are not allowed in CloudFormation templates');
  return isScalar(node) ? readScalar(node) : null;
}

function textOf({ source, value }: Scalar): string {
  return source ?? String(value);
}

/** A scalar that is quoted, in block form or of `!!str` is text whatever it looks like. */
function readScalar(node: Scalar): unknown {
  const text = textOf(node);
  if (node.type !== 'PLAIN' || node.tag === 'tag:yaml.org,2002:str') return text;
  if (node.tag?.startsWith('!') === true) return text;
  return readPlain(text);
}

const NULLS = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/;
const FALSE = /^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/;
const DECIMAL = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const OCTAL = /^([-+]?)0([0-7_]+)$/;
const HEX = /^[-+]?0x[0-9a-fA-F_]+$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_]*)?\.[0-9_]+(?:[eE][-+][0-9]+)?$|^[-+]?[0-9][0-9_]*\.$/;
/** Numbers to the base 60, with which times are written: `1:30` is 90. */
const SEXAGESIMAL = /^([-+]?)([1-9][0-9_]*(?::[0-5]?[0-9])+)$/;

function readPlain(text: string): unknown {
  if (NULLS.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  const plain = text.replaceAll('_', '');
  if (DECIMAL.test(text)) return Number.isSafeInteger(Number(plain)) ? Number(plain) : text;
  const octal = OCTAL.exec(plain);
  if (octal !== null) return withSign(octal[1], Number.parseInt(octal[2] ?? '', 8));
  if (HEX.test(text)) return Number(plain);
  if (FLOAT.test(text)) return Number(plain);
  const sixty = SEXAGESIMAL.exec(plain);
  if (sixty === null) return text;
  const total = (sixty[2] ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return withSign(sixty[1], total);
}

function withSign(mark: string | undefined, value: number): number {
  return mark === '-' ? -value : value;
}
