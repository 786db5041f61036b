/**
 * The members of IAM's and STS's requests that the emulated services know, as in members.ts. A
 * policy of a resource in a simulation, sessions with tags and devices are not known.
 */

/** By action, as in MEMBERS. */
export const IAM_MEMBERS: Readonly<Record<string, { readonly acts: string }>> = {
  CreateRole: {
    acts:
      'Path RoleName AssumeRolePolicyDocument ' +
      'Description MaxSessionDuration PermissionsBoundary Tags',
  },
  GetRole: { acts: 'RoleName' },
  ListRoles: { acts: 'PathPrefix Marker MaxItems' },
  UpdateRole: { acts: 'RoleName Description MaxSessionDuration' },
  UpdateAssumeRolePolicy: { acts: 'RoleName PolicyDocument' },
  DeleteRole: { acts: 'RoleName' },
  CreateServiceLinkedRole: { acts: 'AWSServiceName Description CustomSuffix' },
  DeleteServiceLinkedRole: { acts: 'RoleName' },
  GetServiceLinkedRoleDeletionStatus: { acts: 'DeletionTaskId' },
  PutRolePolicy: { acts: 'RoleName PolicyName PolicyDocument' },
  GetRolePolicy: { acts: 'RoleName PolicyName' },
  ListRolePolicies: { acts: 'RoleName Marker MaxItems' },
  DeleteRolePolicy: { acts: 'RoleName PolicyName' },
  AttachRolePolicy: { acts: 'RoleName PolicyArn' },
  DetachRolePolicy: { acts: 'RoleName PolicyArn' },
  ListAttachedRolePolicies: { acts: 'RoleName PathPrefix Marker MaxItems' },
  PutRolePermissionsBoundary: { acts: 'RoleName PermissionsBoundary' },
  DeleteRolePermissionsBoundary: { acts: 'RoleName' },
  TagRole: { acts: 'RoleName Tags' },
  UntagRole: { acts: 'RoleName TagKeys' },
  ListRoleTags: { acts: 'RoleName Marker MaxItems' },
  CreateUser: { acts: 'Path UserName PermissionsBoundary Tags' },
  GetUser: { acts: 'UserName' },
  ListUsers: { acts: 'PathPrefix Marker MaxItems' },
  DeleteUser: { acts: 'UserName' },
  CreateAccessKey: { acts: 'UserName' },
  ListAccessKeys: { acts: 'UserName Marker MaxItems' },
  UpdateAccessKey: { acts: 'UserName AccessKeyId Status' },
  DeleteAccessKey: { acts: 'UserName AccessKeyId' },
  PutUserPolicy: { acts: 'UserName PolicyName PolicyDocument' },
  GetUserPolicy: { acts: 'UserName PolicyName' },
  ListUserPolicies: { acts: 'UserName Marker MaxItems' },
  DeleteUserPolicy: { acts: 'UserName PolicyName' },
  AttachUserPolicy: { acts: 'UserName PolicyArn' },
  DetachUserPolicy: { acts: 'UserName PolicyArn' },
  ListAttachedUserPolicies: { acts: 'UserName PathPrefix Marker MaxItems' },
  PutUserPermissionsBoundary: { acts: 'UserName PermissionsBoundary' },
  DeleteUserPermissionsBoundary: { acts: 'UserName' },
  TagUser: { acts: 'UserName Tags' },
  UntagUser: { acts: 'UserName TagKeys' },
  ListUserTags: { acts: 'UserName Marker MaxItems' },
  CreatePolicy: { acts: 'PolicyName Path PolicyDocument Description Tags' },
  GetPolicy: { acts: 'PolicyArn' },
  ListPolicies: { acts: 'Scope OnlyAttached PathPrefix PolicyUsageFilter Marker MaxItems' },
  DeletePolicy: { acts: 'PolicyArn' },
  CreatePolicyVersion: { acts: 'PolicyArn PolicyDocument SetAsDefault' },
  GetPolicyVersion: { acts: 'PolicyArn VersionId' },
  ListPolicyVersions: { acts: 'PolicyArn Marker MaxItems' },
  SetDefaultPolicyVersion: { acts: 'PolicyArn VersionId' },
  DeletePolicyVersion: { acts: 'PolicyArn VersionId' },
  ListEntitiesForPolicy: { acts: 'PolicyArn EntityFilter Marker MaxItems' },
  TagPolicy: { acts: 'PolicyArn Tags' },
  UntagPolicy: { acts: 'PolicyArn TagKeys' },
  ListPolicyTags: { acts: 'PolicyArn Marker MaxItems' },
  CreateInstanceProfile: { acts: 'InstanceProfileName Path Tags' },
  GetInstanceProfile: { acts: 'InstanceProfileName' },
  ListInstanceProfiles: { acts: 'PathPrefix Marker MaxItems' },
  ListInstanceProfilesForRole: { acts: 'RoleName Marker MaxItems' },
  AddRoleToInstanceProfile: { acts: 'InstanceProfileName RoleName' },
  RemoveRoleFromInstanceProfile: { acts: 'InstanceProfileName RoleName' },
  DeleteInstanceProfile: { acts: 'InstanceProfileName' },
  TagInstanceProfile: { acts: 'InstanceProfileName Tags' },
  UntagInstanceProfile: { acts: 'InstanceProfileName TagKeys' },
  ListInstanceProfileTags: { acts: 'InstanceProfileName Marker MaxItems' },
  SimulatePrincipalPolicy: {
    acts:
      'PolicySourceArn PolicyInputList PermissionsBoundaryPolicyInputList ActionNames ' +
      'ResourceArns ContextEntries MaxItems Marker',
  },
  SimulateCustomPolicy: {
    acts:
      'PolicyInputList PermissionsBoundaryPolicyInputList ActionNames ' +
      'ResourceArns ContextEntries MaxItems Marker',
  },
  GetContextKeysForCustomPolicy: { acts: 'PolicyInputList' },
  GetContextKeysForPrincipalPolicy: { acts: 'PolicySourceArn PolicyInputList' },
  GetAccountAuthorizationDetails: { acts: 'Filter MaxItems Marker' },
  GetAccountSummary: { acts: '' },
};

export const TOKEN_MEMBERS: typeof IAM_MEMBERS = {
  GetCallerIdentity: { acts: '' },
  AssumeRole: {
    acts:
      'RoleArn RoleSessionName PolicyArns Policy DurationSeconds ExternalId SourceIdentity Tags ' +
      'TransitiveTagKeys',
  },
  AssumeRoleWithWebIdentity: {
    acts: 'RoleArn RoleSessionName WebIdentityToken PolicyArns Policy DurationSeconds',
  },
};
