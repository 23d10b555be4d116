import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { XmlText } from '../s3-server-xml.ts';
import { xml, xmlDocument } from '../s3-server-xml.ts';
import { ACTIONS } from './describe.ts';
import { CHANGES } from './change-actions.ts';
import { messageOf, ServiceError, UnsupportedError, ValidationError } from './error.ts';
import { readQuery } from './query.ts';
import type { ValueMap } from './value.ts';
import { textOf } from './value.ts';
import type { World } from './world.ts';

/** Says why an action is refused; `undefined` lets it through. */
export type Refuse = (
  action: string,
  asked: ValueMap,
) => { readonly code: string; readonly status: number } | undefined;

/** CloudFormation over HTTP (its Query protocol), for clients of the AWS SDK. */
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
  const { status, body } = await replyTo(readQuery(Buffer.concat(pieces).toString()), world, refuse);
  response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
}

async function replyTo(asked: ValueMap, world: World, refuse: Refuse): Promise<Reply> {
  const action = textOf(asked['Action']) ?? '';
  const refused = refuse(action, asked);
  if (refused !== undefined) return failure(refused.status, refused.code, `${action} is refused`);
  const answered = ACTIONS[action] ?? CHANGES[action];
  // What broke in the background is never waited for in vain.
  const [defect] = world.lambda.defects;
  if (defect !== undefined) return failure(500, 'InternalFailure', messageOf(defect));
  if (answered === undefined) return failure(400, 'InvalidAction', `the stack engine does not support ${action}`);
  try {
    const result = {
      [`${action}Result`]: inXml(await answered(asked, world)),
      ResponseMetadata: xml({ RequestId: world.random.uuid() }),
    };
    return { status: 200, body: xmlDocument(`${action}Response`, result) };
  } catch (error) {
    if (error instanceof ServiceError) return failure(error.status, error.code, error.message);
    if (error instanceof ValidationError) return failure(400, error.code, error.message);
    if (error instanceof UnsupportedError) return failure(400, 'Unsupported', error.message);
    return failure(500, 'InternalFailure', messageOf(error));
  }
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

function failure(status: number, code: string, message: string): Reply {
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
