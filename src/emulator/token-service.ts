/**
 * AWS STS over its query protocol: GetCallerIdentity, and temporary credentials for a role, which
 * the emulator accepts from then on.
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
 */
import type { CloudParts } from './cloud-parts.ts';
import { rootOf, sessionOf, type TemporaryCredentials } from './identities.ts';
import { refuseUnknownParameters } from './members.ts';
import { AwsError } from './service.ts';
import { element } from './xml.ts';

const XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';

/** The XML answer of an action. @throws AwsError */
export function answerTokenService(
  form: URLSearchParams,
  accessKeyId: string,
  cloud: CloudParts,
): string {
  const { identities } = cloud;
  const nowMs = cloud.nowMs();
  const action = form.get('Action') ?? '';
  switch (action) {
    case 'GetCallerIdentity': {
      refuseUnknownParameters(form, []);
      const caller = identities.find(accessKeyId, nowMs)?.caller ?? rootOf(cloud.accountId);
      return wrapResult(
        action,
        element('Arn', caller.arn) +
          element('UserId', caller.userId) +
          element('Account', caller.accountId),
      );
    }
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
      const caller = sessionOf(role, session);
      const issued = identities.issue(nowMs, seconds * 1_000, caller);
      return wrapResult(
        action,
        renderCredentials(issued) +
          '<AssumedRoleUser>' +
          element('Arn', caller.arn) +
          element('AssumedRoleId', caller.userId) +
          '</AssumedRoleUser>',
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
      const caller = sessionOf(form.get('RoleArn') ?? '', form.get('RoleSessionName') ?? '');
      const lifetimeMs = Number(form.get('DurationSeconds') ?? 3_600) * 1_000;
      const issued = identities.issue(nowMs, lifetimeMs, caller);
      return wrapResult(
        action,
        element('SubjectFromWebIdentityToken', 'subject') + renderCredentials(issued),
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

export function renderTokenError(error: AwsError): string {
  return (
    `<ErrorResponse ${XMLNS}><Error><Type>Sender</Type>` +
    element('Code', error.code) +
    element('Message', error.message) +
    '</Error><RequestId>emulated</RequestId></ErrorResponse>'
  );
}

function renderCredentials(issued: TemporaryCredentials): string {
  return (
    '<Credentials>' +
    element('AccessKeyId', issued.accessKeyId) +
    element('SecretAccessKey', issued.secretAccessKey) +
    element('SessionToken', issued.sessionToken) +
    element('Expiration', new Date(issued.expiresMs).toISOString()) +
    '</Credentials>'
  );
}

function wrapResult(action: string, result: string): string {
  return (
    `<${action}Response ${XMLNS}><${action}Result>${result}</${action}Result>` +
    '<ResponseMetadata><RequestId>emulated</RequestId></ResponseMetadata>' +
    `</${action}Response>`
  );
}
