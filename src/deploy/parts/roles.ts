/** Roles of IAM, each with the statements that it needs and no other. */
import type { PolicyStatement } from '../permissions.ts';
import {
  ACCOUNT_ID,
  type Draft,
  join,
  PARTITION,
  type Properties,
  type Reference,
  REGION,
  type AwsValue,
} from '../template.ts';

/** A role that tasks of ECS in this account take, with these statements. */
export function addTaskRole(
  draft: Draft,
  { id, why, statements }: { id: string; why: string; statements: readonly PolicyStatement[] },
): Reference {
  return draft.add({
    id,
    type: 'AWS::IAM::Role',
    properties: {
      AssumeRolePolicyDocument: trustService('ecs-tasks.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': ACCOUNT_ID },
        ArnLike: { 'aws:SourceArn': join`arn:${PARTITION}:ecs:${REGION}:${ACCOUNT_ID}:*` },
      }),
      ...(statements.length === 0
        ? {}
        : { Policies: [{ PolicyName: 'needed', PolicyDocument: renderPolicy(statements) }] }),
    },
    why,
  });
}

/** Who may take a role: a service of AWS. */
export function trustService(service: string, conditions?: Properties): Properties {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sts:AssumeRole',
        ...(conditions === undefined ? {} : { Condition: conditions }),
      },
    ],
  };
}

/** A policy that AWS keeps. */
export const awsPolicy = (name: string): AwsValue => join`arn:${PARTITION}:iam::aws:policy/${name}`;

/** A policy document of these statements. */
export function renderPolicy(statements: readonly PolicyStatement[]): AwsValue {
  return {
    Version: '2012-10-17',
    Statement: statements.map(({ id, actions, resources, conditions }) => ({
      Sid: id,
      Effect: 'Allow',
      Action: [...actions],
      Resource: [...resources],
      ...(conditions === undefined ? {} : { Condition: conditions }),
    })),
  };
}
