import type { DomainPlace } from '../arn.ts';
import type { Recipient } from './recipient.ts';
import { formatRecipient, parseRecipient } from './recipient.ts';

/** Those of a share's recipients that one statement can name. */
export interface Audience {
  readonly kind: Recipient['kind'];
  /** The same for the same recipients, in whatever order they came. */
  readonly name: string;
  /** Accounts or organizations; of units, those of one organization. */
  readonly members: readonly string[];
  readonly organization?: string;
}

/** Who asks, as a statement of a policy says it. */
export interface Who {
  readonly Principal: '*' | { readonly AWS: string | readonly string[] };
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Accounts together, organizations together, and units by organization. */
export function audiencesOf(recipients: readonly string[]): readonly Audience[] {
  const parsed = [...new Set(recipients)]
    .toSorted()
    .flatMap((text) => parseRecipient(text) ?? [])
    .map((recipient) => ({ recipient, group: groupOf(recipient) }));
  const groups = [...new Set(parsed.map(({ group }) => group))];
  return groups.map((group) =>
    audienceOf(parsed.filter((one) => one.group === group).map(({ recipient }) => recipient)),
  );
}

function groupOf(recipient: Recipient): string {
  return recipient.kind === 'unit' ? `unit ${recipient.organization}` : recipient.kind;
}

function audienceOf(recipients: readonly Recipient[]): Audience {
  const [first] = recipients;
  if (first === undefined) throw new TypeError('an audience has a member');
  return {
    kind: first.kind,
    name: recipients.map(formatRecipient).join(' '),
    members: recipients.map((one) =>
      one.kind === 'account' ? one.account : one.kind === 'organization' ? one.organization : one.unit,
    ),
    ...(first.kind === 'unit' && { organization: first.organization }),
  };
}

/**
 * An account hands it on by its own policies. Everybody of an organization is `*` with the ID of the organization: that is a fixed value, and no public access to S3 (S3 User Guide, "The meaning of
 * public"). The path of a unit is none, so that the ID of its organization stands beside it; units have unique IDs, so that what is above one need not be known.
 *
 * A policy that names everybody lets people of the bucket's own account do what their own policies don't: it is enough for itself there. So that account is left out, which its own policies concern alone.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * @param home whose bucket, or key, it is
 */
export function whoIs(
  { kind, members, organization = '' }: Audience,
  { partition, account: home }: Pick<DomainPlace, 'partition' | 'account'>,
): Who {
  const elsewhere = { StringNotEquals: { 'aws:PrincipalAccount': home } };
  switch (kind) {
    case 'account':
      return {
        Principal: { AWS: one(members.map((account) => `arn:${partition}:iam::${account}:root`)) },
        Condition: {},
      };
    case 'organization':
      return { Principal: '*', Condition: { StringEquals: { 'aws:PrincipalOrgID': one(members) }, ...elsewhere } };
    case 'unit':
      return {
        Principal: '*',
        Condition: {
          StringEquals: { 'aws:PrincipalOrgID': organization },
          'ForAnyValue:StringLike': {
            'aws:PrincipalOrgPaths': one(members.map((unit) => `${organization}/*/${unit}/*`)),
          },
          ...elsewhere,
        },
      };
  }
}

/** As AWS gives policies back: a list of one is that one. */
export function one<T>(all: readonly T[]): T | readonly T[] {
  const [first] = all;
  return all.length === 1 && first !== undefined ? first : all;
}
