import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { XmlText } from '../s3-server-xml.ts';
import { xml, xmlDocument } from '../s3-server-xml.ts';
import { ACTIONS } from './describe.ts';
import { messageOf, ValidationError } from './error.ts';
import type { World } from './world.ts';

/** Says why an action is refused; `undefined` lets it through. */
export type Refuse = (
  action: string,
  asked: Readonly<Record<string, string>>,
) => { readonly code: string; readonly status: number } | undefined;

/** CloudFormation's questions over HTTP (its Query protocol), for clients of the AWS SDK. It changes nothing: stacks are deployed with the engine. */
export class CloudFormationServer {
  readonly #server = createServer();

  constructor(world: World, refuse: Refuse = () => undefined) {
    this.#server.on('request', (request, response) => {
      void answer(request, response, world, refuse);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, world: World, refuse: Refuse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const asked = Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString()));
  const { status, body } = replyTo(asked, world, refuse);
  response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
}

function replyTo(
  asked: Readonly<Record<string, string>>,
  world: World,
  refuse: Refuse,
): { readonly status: number; readonly body: string } {
  const action = asked['Action'] ?? '';
  const refused = refuse(action, asked);
  if (refused !== undefined) return failure(refused.status, refused.code, `${action} is refused`);
  const answered = ACTIONS[action];
  if (answered === undefined)
    return failure(400, 'InvalidAction', `the stack engine does not support the action ${action}`);
  const filter = Object.entries(asked).flatMap(([name, value]) =>
    name.startsWith('StackStatusFilter.member.') ? [value] : [],
  );
  try {
    const result = {
      [`${action}Result`]: inXml(answered(asked, world, filter)),
      ResponseMetadata: xml({ RequestId: world.random.uuid() }),
    };
    return { status: 200, body: xmlDocument(`${action}Response`, result) };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return failure(400, error.code, messageOf(error));
  }
}

function failure(status: number, code: string, message: string): { readonly status: number; readonly body: string } {
  return {
    status,
    body: xmlDocument('ErrorResponse', {
      Error: xml({ Type: 'Sender', Code: code, Message: message }),
      RequestId: 'none',
    }),
  };
}

function inXml(value: unknown): XmlText {
  if (value instanceof Date) return text(value.toISOString());
  if (Array.isArray(value)) return xml({ member: value.map(inXml) });
  if (typeof value !== 'object' || value === null) return text(String(value));
  return xml(
    Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, inXml(member)]])),
    ),
  );
}

/** Escaped. */
function text(value: string): XmlText {
  const { xml: element } = xml({ t: value });
  return { xml: element.slice('<t>'.length, -'</t>'.length) };
}
