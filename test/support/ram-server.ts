import type { HttpReply, HttpRequest } from './stack-engine/http-endpoint.ts';
import { HttpEndpoint } from './stack-engine/http-endpoint.ts';

interface Association {
  readonly principal: string;
  status: 'ASSOCIATING' | 'ASSOCIATED' | 'FAILED' | 'DISASSOCIATED';
  readonly external: boolean;
}

interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface RamResourceShare {
  readonly arn: string;
  readonly name: string;
  readonly resources: readonly string[];
  status: 'ACTIVE' | 'DELETED';
  allowsExternal: boolean;
  tags: Tag[];
  readonly associations: Association[];
}

type Body = Readonly<Record<string, unknown>>;

/**
 * AWS RAM over HTTP, as far as one account shares by it, as its API reference says; for `AWS_ENDPOINT_URL_RAM`. moto neither associates, nor tells tags, nor lets parameters be shared. Every answer comes in pages of
 * one, the first of them empty: "these operations can occasionally return an empty set of results even when there are more".
 * https://docs.aws.amazon.com/ram/latest/APIReference/API_GetResourceShareAssociations.html
 */
export class RamServer {
  readonly shares: RamResourceShare[] = [];
  /** What was asked, and by which access key. */
  readonly requests: { readonly action: string; readonly who: string }[] = [];
  /** Accounts of the organization, and ARNs of it and of its units. They have nothing to accept. */
  readonly members: Set<string> = new Set();
  /** Says why an action is refused. */
  refuse: (action: string) => { readonly status: number; readonly code: string } | undefined = () => undefined;
  readonly #place: { readonly account: string; readonly region: string };
  readonly #isShareable: (arn: string) => Promise<boolean>;
  readonly #endpoint = new HttpEndpoint((request) => this.#reply(request));

  /** @param isShareable whether the service to which a resource belongs lets it be shared */
  constructor(
    place: { readonly account: string; readonly region: string },
    isShareable: (arn: string) => Promise<boolean>,
  ) {
    this.#place = place;
    this.#isShareable = isShareable;
  }

  listen(): Promise<string> {
    return this.#endpoint.listen();
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  /** As an account does that was invited. */
  accept(principal: string): void {
    this.#each(principal, (association) => {
      if (association.status === 'ASSOCIATING') association.status = 'ASSOCIATED';
    });
  }

  /** As an account does that does not want it. */
  reject(principal: string): void {
    this.#each(principal, (association) => (association.status = 'FAILED'));
  }

  /** As somebody does in RAM's console. */
  add(share: RamResourceShare, principal: string): void {
    const external = !this.members.has(principal);
    share.associations.push({ principal, external, status: external ? 'ASSOCIATING' : 'ASSOCIATED' });
  }

  /** As somebody does in RAM's console. */
  remove(principal: string): void {
    this.#each(principal, (association) => (association.status = 'DISASSOCIATED'));
  }

  #each(principal: string, change: (association: Association) => void): void {
    for (const { associations } of this.shares) {
      const all = associations.filter((one) => one.principal === principal && one.status !== 'DISASSOCIATED');
      all.forEach(change);
    }
  }

  async #reply({ method, path, query, headers, body }: HttpRequest): Promise<HttpReply> {
    const action = ACTIONS[`${method} ${path}`];
    if (action === undefined) return refused(404, 'UnknownOperationException');
    this.requests.push({ action, who: /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '' });
    const { status, code } = this.refuse(action) ?? {};
    if (status !== undefined && code !== undefined) return refused(status, code);
    const asked = body.length === 0 ? Object.fromEntries(query) : (JSON.parse(body.toString()) as Body);
    const answer = await this.#answers[action]?.(asked);
    return answer === undefined || 'code' in answer ? refused(400, String(answer?.['code'])) : answered(answer);
  }

  readonly #answers: Readonly<Record<string, (asked: Body) => Promise<Body> | Body>> = {
    CreateResourceShare: async ({ name, resourceArns, allowExternalPrincipals = true, tags = [] }) => {
      const resources = resourceArns as readonly string[];
      for (const arn of resources) if (!(await this.#isShareable(arn))) return { code: 'InvalidParameterException' };
      const { account, region } = this.#place;
      const arn = `arn:aws:ram:${region}:${account}:resource-share/${String(this.shares.length).padStart(8, '0')}-0a1b`;
      const allowsExternal = allowExternalPrincipals as boolean;
      const share = { arn, name: String(name), resources, status: 'ACTIVE', allowsExternal, associations: [] } as const;
      this.shares.push({ ...share, associations: [], tags: tags as Tag[] });
      return { resourceShare: { resourceShareArn: arn, name, status: 'ACTIVE' } };
    },
    UpdateResourceShare: ({ resourceShareArn, allowExternalPrincipals }) => {
      const share = this.#active(resourceShareArn);
      if (share === undefined) return UNKNOWN;
      if (allowExternalPrincipals !== undefined) share.allowsExternal = allowExternalPrincipals as boolean;
      return { resourceShare: { resourceShareArn } };
    },
    AssociateResourceShare: ({ resourceShareArn, principals }) => {
      const share = this.#active(resourceShareArn);
      if (share === undefined) return UNKNOWN;
      for (const principal of principals as readonly string[]) {
        if (!this.members.has(principal) && !share.allowsExternal) return { code: 'OperationNotPermittedException' };
        this.add(share, principal);
      }
      return { resourceShareAssociations: [] };
    },
    DisassociateResourceShare: ({ resourceShareArn, principals }) => {
      const share = this.#active(resourceShareArn);
      if (share === undefined) return UNKNOWN;
      for (const one of share.associations)
        if ((principals as readonly string[]).includes(one.principal)) one.status = 'DISASSOCIATED';
      return { resourceShareAssociations: [] };
    },
    DeleteResourceShare: ({ resourceShareArn }) => {
      const share = this.#active(resourceShareArn);
      if (share === undefined) return UNKNOWN;
      share.status = 'DELETED';
      for (const one of share.associations) one.status = 'DISASSOCIATED';
      return { returnValue: true };
    },
    GetResourceShares: ({ resourceOwner, resourceShareStatus, tagFilters = [], nextToken }) => {
      if (resourceOwner !== 'SELF') return { code: 'InvalidParameterException' };
      const filters = tagFilters as readonly { readonly tagKey: string; readonly tagValues: readonly string[] }[];
      const found = this.shares.filter(
        ({ status, tags }) =>
          (resourceShareStatus === undefined || status === resourceShareStatus) &&
          filters.every(({ tagKey, tagValues }) =>
            tags.some((tag) => tag.key === tagKey && tagValues.includes(tag.value)),
          ),
      );
      const all = found.map(({ arn, name, status, tags }) => ({ resourceShareArn: arn, name, status, tags }));
      return paged('resourceShares', all, nextToken);
    },
    GetResourceShareAssociations: ({ associationType, resourceShareArns, nextToken }) => {
      const arns = resourceShareArns as readonly string[];
      if (associationType !== 'PRINCIPAL') return { code: 'InvalidParameterException' };
      if (arns.some((arn) => this.#active(arn) === undefined)) return UNKNOWN;
      const all = this.shares
        .filter(({ arn }) => arns.includes(arn))
        .flatMap(({ arn, name, associations }) =>
          associations.map(({ principal, status, external }) => ({
            ...{ resourceShareArn: arn, resourceShareName: name, associatedEntity: principal, associationType },
            ...{ status, external },
          })),
        );
      return paged('resourceShareAssociations', all, nextToken);
    },
  };

  #active(arn: unknown): RamResourceShare | undefined {
    return this.shares.find((one) => one.arn === arn && one.status === 'ACTIVE');
  }
}

const UNKNOWN = { code: 'UnknownResourceException' };

const ACTIONS: Readonly<Record<string, string>> = {
  'POST /createresourceshare': 'CreateResourceShare',
  'POST /updateresourceshare': 'UpdateResourceShare',
  'POST /associateresourceshare': 'AssociateResourceShare',
  'POST /disassociateresourceshare': 'DisassociateResourceShare',
  'DELETE /deleteresourceshare': 'DeleteResourceShare',
  'POST /getresourceshares': 'GetResourceShares',
  'POST /getresourceshareassociations': 'GetResourceShareAssociations',
};

function paged(name: string, all: readonly object[], token: unknown): Body {
  const at = token === undefined ? 0 : Number(token);
  return { [name]: at === 0 ? [] : all.slice(at - 1, at), ...(at < all.length && { nextToken: String(at + 1) }) };
}

function answered(body: Body): HttpReply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function refused(status: number, code: string): HttpReply {
  return {
    ...{ status, headers: { 'content-type': 'application/json', 'x-amzn-errortype': code } },
    body: JSON.stringify({ message: `${code} it is` }),
  };
}
