/** An account's domain in a region is one, and so is its stack. */
export const STACK = 'cfn-artifacts';

/** The parameters of the domain's template. What is not given for one keeps its value in a stack that is there. */
export const PARAMETERS = [
  'KmsKeyArn',
  'SupersededDays',
  'ScratchDays',
  'LegalHold',
  'KeeperCode',
  'AuditSchedule',
  'CollectSchedule',
  'LogRetentionDays',
  'PermissionsBoundary',
] as const;
export type DomainParameter = (typeof PARAMETERS)[number];
