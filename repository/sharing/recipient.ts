/** With whom something is shared. */
export type Recipient =
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'organization'; readonly organization: string }
  /** With everything below it. */
  | { readonly kind: 'unit'; readonly organization: string; readonly unit: string };

/** IDs as AWS Organizations has them: https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html */
const ACCOUNT = /^\d{12}$/;
const ORGANIZATION = /^o-[a-z0-9]{10,32}$/;
const UNIT = /^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$/;

const ORGANIZATION_ARN = /^arn:[a-z0-9-]+:organizations::\d{12}:organization\/(?<organization>[^/]+)$/;
const UNIT_ARN = /^arn:[a-z0-9-]+:organizations::\d{12}:ou\/(?<organization>[^/]+)\/(?<unit>[^/]+)$/;
/** As `aws:PrincipalOrgPaths` tells it: from the organization over the root and units above down to the unit. */
const UNIT_PATH = /^(?<organization>o-[^/]+)\/(?:r-[^/]+\/)?(?:ou-[^/]+\/)*(?<unit>ou-[^/]+)\/?$/;

/**
 * As people and AWS write it: the number of an account, the ID or the ARN of an organization, the ARN or the path of a unit. An ID alone does not say of which
 * organization a unit is.
 * @returns `undefined` where it is none of these
 */
export function parseRecipient(text: string): Recipient | undefined {
  if (ACCOUNT.test(text)) return { kind: 'account', account: text };
  const organization = ORGANIZATION_ARN.exec(text)?.groups?.['organization'] ?? text;
  if (ORGANIZATION.test(organization)) return { kind: 'organization', organization };
  const { organization: above = '', unit = '' } = (UNIT_ARN.exec(text) ?? UNIT_PATH.exec(text))?.groups ?? {};
  return ORGANIZATION.test(above) && UNIT.test(unit) ? { kind: 'unit', organization: above, unit } : undefined;
}

/** The text that records and tables have; `parseRecipient` reads it back. */
export function formatRecipient(recipient: Recipient): string {
  switch (recipient.kind) {
    case 'account':
      return recipient.account;
    case 'organization':
      return recipient.organization;
    case 'unit':
      return `${recipient.organization}/${recipient.unit}`;
  }
}
