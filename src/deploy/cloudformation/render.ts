/** A template as CloudFormation's JSON document. Pure. */
import { requireFit } from './limits.ts';
import {
  isValueList,
  Joined,
  PseudoParameter,
  PublicParameter,
  Reference,
  type Resource,
  type DeploymentTemplate,
  type AwsValue,
  Zone,
} from '../template.ts';

type Json = boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The longest template that is given in the call itself; one that is longer is written without
 * spaces.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export const INLINE_MAX_BYTES = 51_200;

/** How the description of each template ends. */
export const MADE_BY = 'made by amperage generate';

/**
 * The document's text, to be read where the length allows it.
 *
 * @throws ConfigError TEMPLATE_SIZE for more than one stack takes
 */
export function renderTemplateText(template: DeploymentTemplate): {
  readonly text: string;
  readonly bytes: number;
  readonly isInline: boolean;
} {
  const rendered = renderCloudFormation(template);
  const readable = `${JSON.stringify(rendered, null, 2)}\n`;
  const text =
    Buffer.byteLength(readable) > INLINE_MAX_BYTES ? `${JSON.stringify(rendered)}\n` : readable;
  const bytes = Buffer.byteLength(text);
  requireFit(template, bytes);
  return { text, bytes, isInline: bytes <= INLINE_MAX_BYTES };
}

export function renderCloudFormation(template: DeploymentTemplate): {
  readonly [key: string]: Json;
} {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `${template.name}: ${MADE_BY}`,
    Resources: Object.fromEntries(template.resources.map((one) => [one.id, renderResource(one)])),
    Outputs: Object.fromEntries(
      template.outputs.map(({ name, value, why }) => [
        name,
        { Description: why, Value: renderValue(value) },
      ]),
    ),
  };
}

function renderResource({ type, properties, after, isKept, why }: Resource): Json {
  return {
    Type: type,
    Metadata: { Why: why },
    ...(after === undefined || after.length === 0 ? {} : { DependsOn: [...after] }),
    ...(isKept === true ? { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' } : {}),
    Properties: renderValue(properties),
  };
}

function renderValue(value: AwsValue): Json {
  if (value instanceof Reference)
    return value.attribute === undefined
      ? { Ref: value.id }
      : { 'Fn::GetAtt': [value.id, value.attribute] };
  if (value instanceof PseudoParameter) return { Ref: `AWS::${value.what}` };
  if (value instanceof Zone) return { 'Fn::Select': [value.index, { 'Fn::GetAZs': '' }] };
  if (value instanceof PublicParameter) return `{{resolve:ssm:${value.path}}}`;
  if (value instanceof Joined) return renderJoined(value);
  if (typeof value !== 'object') return value;
  if (isValueList(value)) return value.map(renderValue);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, renderValue(one)]));
}

/** As `Fn::Sub` where that can say it, which reads best; a zone needs `Fn::Join`. */
function renderJoined({ parts }: Joined): Json {
  if (parts.some((part) => part instanceof Zone))
    return { 'Fn::Join': ['', parts.map(renderValue)] };
  const texts = parts.map((part) => {
    if (part instanceof Reference)
      return `\${${part.attribute === undefined ? part.id : `${part.id}.${part.attribute}`}}`;
    if (part instanceof PseudoParameter) return `\${AWS::${part.what}}`;
    if (part instanceof PublicParameter) return `{{resolve:ssm:${part.path}}}`;
    return typeof part === 'string' ? part.replaceAll('${', '${!') : '';
  });
  return { 'Fn::Sub': texts.join('') };
}
