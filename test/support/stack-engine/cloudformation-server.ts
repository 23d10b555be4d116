import { randomUUID } from 'node:crypto';
import type { XmlText } from '../s3-server-xml.ts';
import { xml, xmlDocument } from '../s3-server-xml.ts';
import { CHANGES } from './change-actions.ts';
import { ACTIONS } from './describe.ts';
import { messageOf, ServiceError, UnsupportedError, ValidationError } from './error.ts';
import type { HttpReply, HttpRequest, RefuseAction } from './http-endpoint.ts';
import { readQuery } from './query.ts';
import type { ValueMap } from './value.ts';
import { textOf } from './value.ts';
import type { World } from './world.ts';

export type Refuse = RefuseAction<ValueMap>;

/** CloudFormation over HTTP: its Query protocol. */
export function answerCloudFormation(
  world: World,
  refuse: Refuse = () => undefined,
): (request: HttpRequest) => Promise<HttpReply> {
  return async ({ body }) => {
    const asked = readQuery(body.toString());
    const action = textOf(asked['Action']) ?? '';
    const refused = refuse(action, asked);
    if (refused !== undefined) return failure(refused.status, refused.code, `${action} is refused`);
    // What broke in the background is never waited for in vain.
    const [defect] = world.lambda.defects;
    if (defect !== undefined) return failure(500, 'InternalFailure', messageOf(defect));
    const answered = ACTIONS[action] ?? CHANGES[action];
    if (answered === undefined) return failure(400, 'InvalidAction', `the stack engine does not support ${action}`);
    try {
      const result = {
        [`${action}Result`]: inXml(await answered(asked, world)),
        ResponseMetadata: xml({ RequestId: randomUUID() }),
      };
      return reply(200, xmlDocument(`${action}Response`, result));
    } catch (error) {
      if (error instanceof ServiceError) return failure(error.status, error.code, error.message);
      if (error instanceof ValidationError) return failure(400, error.code, error.message);
      if (error instanceof UnsupportedError) return failure(400, 'Unsupported', error.message);
      return failure(500, 'InternalFailure', messageOf(error));
    }
  };
}

function reply(status: number, body: string): HttpReply {
  return { status, headers: { 'content-type': 'text/xml' }, body };
}

function failure(status: number, code: string, message: string): HttpReply {
  const body = xmlDocument('ErrorResponse', {
    Error: xml({ Type: 'Sender', Code: code, Message: message }),
    RequestId: randomUUID(),
  });
  return reply(status, body);
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
