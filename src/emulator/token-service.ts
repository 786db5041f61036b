/**
 * AWS STS over its query protocol: who am I, and temporary credentials for a role, which verify
 * from then on.
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
 */
import type { Identities } from './identities.ts';
import { refuseUnknownParameters } from './members.ts';
import { AwsError } from './service.ts';
import { escapeXml } from './xml.ts';

const ACCOUNT = '000000000000';

/** The XML answer of an action. */
export function answerTokenService(
  form: URLSearchParams,
  accessKeyId: string,
  identities: Identities,
  nowMs: number,
): string {
  const action = form.get('Action') ?? '';
  switch (action) {
    case 'GetCallerIdentity':
      refuseUnknownParameters(form, []);
      return envelope(
        action,
        `<Arn>arn:aws:iam::${ACCOUNT}:user/${escapeXml(accessKeyId)}</Arn><UserId>${escapeXml(accessKeyId)}</UserId><Account>${ACCOUNT}</Account>`,
      );
    case 'AssumeRole': {
      refuseUnknownParameters(form, [
        'RoleArn',
        'RoleSessionName',
        'ExternalId',
        'DurationSeconds',
      ]);
      const role = form.get('RoleArn') ?? '';
      const session = form.get('RoleSessionName') ?? '';
      if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(role))
        throw new AwsError('ValidationError', `${role} is invalid`);
      const external = identities.externalIds.get(role);
      if (external !== undefined && form.get('ExternalId') !== external)
        throw new AwsError(
          'AccessDenied',
          `User is not authorized to perform: sts:AssumeRole on resource: ${role}`,
          403,
        );
      if (!/^[\w+=,.@-]{2,64}$/.test(session))
        throw new AwsError(
          'ValidationError',
          'RoleSessionName must have 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -',
        );
      const seconds = Number(form.get('DurationSeconds') ?? 3_600);
      if (!(seconds >= 900 && seconds <= 43_200))
        throw new AwsError('ValidationError', 'DurationSeconds must be from 900 to 43200');
      if (accessKeyId.startsWith('ASIA') && seconds > 3_600)
        throw new AwsError(
          'ValidationError',
          'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed ' +
            'by role chaining',
        );
      const issued = identities.issue(nowMs, seconds * 1_000);
      return envelope(
        action,
        `<Credentials><AccessKeyId>${issued.accessKeyId}</AccessKeyId><SecretAccessKey>${escapeXml(issued.secretAccessKey)}</SecretAccessKey><SessionToken>${escapeXml(issued.sessionToken)}</SessionToken><Expiration>${new Date(issued.expiresMs).toISOString()}</Expiration></Credentials>` +
          `<AssumedRoleUser><Arn>${escapeXml(role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/'))}/${escapeXml(session)}</Arn><AssumedRoleId>AROAEMULATED:${escapeXml(session)}</AssumedRoleId></AssumedRoleUser>`,
      );
    }
    case 'AssumeRoleWithWebIdentity': {
      refuseUnknownParameters(form, [
        'RoleArn',
        'RoleSessionName',
        'WebIdentityToken',
        'DurationSeconds',
      ]);
      const token = form.get('WebIdentityToken') ?? '';
      if (token === '' || identities.refusedTokens.has(token))
        throw new AwsError('InvalidIdentityToken', 'Incorrect token', 400);
      const issued = identities.issue(nowMs, Number(form.get('DurationSeconds') ?? 3_600) * 1_000);
      return envelope(
        action,
        `<SubjectFromWebIdentityToken>subject</SubjectFromWebIdentityToken><Credentials><AccessKeyId>${issued.accessKeyId}</AccessKeyId><SecretAccessKey>${escapeXml(issued.secretAccessKey)}</SecretAccessKey><SessionToken>${escapeXml(issued.sessionToken)}</SessionToken><Expiration>${new Date(issued.expiresMs).toISOString()}</Expiration></Credentials>`,
      );
    }
    default:
      throw new AwsError(
        'InvalidAction',
        `Could not find operation ${action}; this emulator has GetCallerIdentity, AssumeRole ` +
          'and AssumeRoleWithWebIdentity',
      );
  }
}

export function tokenServiceError(error: AwsError): string {
  return (
    '<ErrorResponse ' +
    `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message></Error><RequestId>emulated</RequestId></ErrorResponse>`
  );
}

function envelope(action: string, result: string): string {
  return (
    `<${action}Response ` +
    `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>emulated</RequestId></ResponseMetadata></${action}Response>`
  );
}
