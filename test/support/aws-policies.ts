import type { Policy } from './iam/policy.ts';
import { decide } from './iam/policy.ts';
import type { Principal } from './iam/request.ts';
import type { HttpReply, HttpRequest } from './stack-engine/http-endpoint.ts';
import { HttpEndpoint } from './stack-engine/http-endpoint.ts';

interface LambdaStatement {
  readonly Sid: string;
}

/** As much of AWS Lambda and AWS KMS over HTTP as it takes to change their policies; what invokes a function goes on to who runs it. */
export class AwsPolicies {
  /** By function and alias. */
  readonly functions: Map<string, LambdaStatement[]> = new Map();
  /** Accounts that don't exist. */
  absentAccounts: readonly string[] = [];
  /** Where functions are invoked. */
  invoke: string;
  /** Those whose rights count, by access key; all others may do everything. */
  readonly principals: Map<string, Principal> = new Map();
  /** What they asked for: the action, on what, and whether they may. */
  readonly asked: { readonly who: string; readonly action: string; readonly on: string; readonly allowed: boolean }[] =
    [];
  readonly #keys: Map<string, Policy>;
  readonly #endpoint = new HttpEndpoint((request) => this.#reply(request));

  /**
   * @param keys policies by the ARN of the key
   * @param invoke where functions are invoked
   */
  constructor(keys: Map<string, Policy>, invoke: string) {
    this.#keys = keys;
    this.invoke = invoke;
  }

  listen(): Promise<string> {
    return this.#endpoint.listen();
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  async #reply(request: HttpRequest): Promise<HttpReply> {
    const { path, headers, body } = request;
    const who = /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
    const target = String(headers['x-amz-target'] ?? '');
    if (target !== '') {
      const asked = JSON.parse(body.toString()) as { KeyId: string; Policy?: string };
      const action = target.replace('TrentService.', 'kms:');
      // Unlike elsewhere an account's own policies count only where the key's policy says so.
      if (!this.#isAllowed(who, action, asked.KeyId, this.#keys.get(asked.KeyId))) return denied(action);
      return this.#ofKms(target, asked);
    }
    if (path.includes('/policy')) {
      const action = LAMBDA_ACTIONS[request.method] ?? '';
      if (!this.#isAllowed(who, action, aliasOf(request))) return denied(action);
      return this.#ofLambda(request);
    }
    const forwarded = ['x-amz-invocation-type'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    });
    const init = { method: 'POST', body: body.toString(), headers: Object.fromEntries(forwarded) };
    const answer = await fetch(`${this.invoke}${path}`, init);
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  }

  #isAllowed(who: string, action: string, on: string, policy?: Policy): boolean {
    const principal = this.principals.get(who);
    if (principal === undefined) return true;
    const { caller, policies, context = {} } = principal;
    const guardian = policy === undefined ? (caller.account ?? '') : '';
    const { allowed } = decide({ caller, action, resource: on, context }, policies, policy, guardian);
    this.asked.push({ who, action, on, allowed });
    return allowed;
  }

  #ofKms(target: string, { KeyId: key, Policy: text }: { KeyId: string; Policy?: string }): HttpReply {
    const type = { 'content-type': 'application/x-amz-json-1.1' };
    if (target.endsWith('GetKeyPolicy')) {
      const policy = this.#keys.get(key);
      return {
        status: 200,
        headers: type,
        body: JSON.stringify({ Policy: JSON.stringify(policy), PolicyName: 'default' }),
      };
    }
    const absent = this.absentAccounts.find((account) => text?.includes(account) === true);
    if (absent !== undefined) {
      const message = 'Policy contains a statement with one or more invalid principals.';
      return {
        status: 400,
        headers: type,
        body: JSON.stringify({ __type: 'MalformedPolicyDocumentException', message }),
      };
    }
    this.#keys.set(key, JSON.parse(text ?? '{}') as Policy);
    return { status: 200, headers: type, body: '{}' };
  }

  #ofLambda({ method, path, query, body }: HttpRequest): HttpReply {
    const [, , , name = '', , sid = ''] = path.split('/').map(decodeURIComponent);
    const key = `${name.split(':').at(-1) ?? ''}:${query.get('Qualifier') ?? ''}`;
    const statements = this.functions.get(key);
    const refused = (status: number, error: string): HttpReply => ({
      ...{ status, headers: { 'content-type': 'application/json', 'x-amzn-errortype': error } },
      body: JSON.stringify({ Message: error }),
    });
    if (statements === undefined) return refused(404, 'ResourceNotFoundException');
    const json = { 'content-type': 'application/json' };
    if (method === 'GET') {
      if (statements.length === 0) return refused(404, 'ResourceNotFoundException');
      return {
        status: 200,
        headers: json,
        body: JSON.stringify({ Policy: JSON.stringify({ Statement: statements }) }),
      };
    }
    if (method === 'DELETE') {
      const others = statements.filter((one) => one.Sid !== sid);
      if (others.length === statements.length) return refused(404, 'ResourceNotFoundException');
      this.functions.set(key, others);
      return { status: 204, headers: {}, body: '' };
    }
    const { StatementId, ...statement } = JSON.parse(body.toString()) as { StatementId: string };
    if (statements.some((one) => one.Sid === StatementId)) return refused(409, 'ResourceConflictException');
    statements.push({ Sid: StatementId, ...statement });
    return { status: 201, headers: json, body: '{}' };
  }
}

const LAMBDA_ACTIONS: Readonly<Partial<Record<string, string>>> = {
  GET: 'lambda:GetPolicy',
  POST: 'lambda:AddPermission',
  DELETE: 'lambda:RemovePermission',
};

/** What IAM looks at where a request names a function and a qualifier. https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html */
function aliasOf({ path, query }: HttpRequest): string {
  const [, , , name = ''] = path.split('/').map(decodeURIComponent);
  return `${name}:${query.get('Qualifier') ?? ''}`;
}

function denied(action: string): HttpReply {
  const type = { 'content-type': 'application/json', 'x-amzn-errortype': 'AccessDeniedException' };
  const message = `not authorized to perform: ${action}`;
  return {
    status: 403,
    headers: type,
    body: JSON.stringify({ __type: 'AccessDeniedException', message, Message: message }),
  };
}
