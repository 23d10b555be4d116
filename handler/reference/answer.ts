import type { Asked } from './event.ts';

export type Answer =
  | { readonly status: 'SUCCESS'; readonly physicalId: string; readonly data?: Readonly<Record<string, string>> }
  | { readonly status: 'FAILED'; readonly physicalId: string; readonly reason: string };

/** Bytes. CloudFormation takes no more: `Response object is too long.` */
const BODY_LIMIT = 4096;

/** What is sent to CloudFormation: an answer in its form, the reason cut to what there is room for. */
export function bodyOf(asked: Asked, answer: Answer): Buffer {
  if (answer.status === 'FAILED') return failure(asked, answer.physicalId, answer.reason);
  const { status, physicalId, data } = answer;
  const body = bodyWith(asked, physicalId, { Status: status }, data);
  if (body.byteLength <= BODY_LIMIT) return body;
  const reason = `The attributes are longer than the ${BODY_LIMIT} bytes that CloudFormation takes. Give the artifact a shorter ID or its file a shorter name.`;
  return failure(asked, physicalId, reason);
}

function failure(asked: Asked, physicalId: string, reason: string): Buffer {
  const withReason = (text: string): Buffer => bodyWith(asked, physicalId, { Status: 'FAILED', Reason: text });
  return withReason(cut(reason, BODY_LIMIT - withReason('').byteLength));
}

function bodyWith(asked: Asked, physicalId: string, outcome: object, data?: object): Buffer {
  return Buffer.from(
    JSON.stringify({
      ...outcome,
      PhysicalResourceId: physicalId,
      StackId: asked.stackId,
      RequestId: asked.requestId,
      LogicalResourceId: asked.logicalId,
      Data: data,
    }),
  );
}

const ELLIPSIS = '\u2026';

/** As much of a text as has room within so many bytes of JSON, up to the end of a character. */
function cut(text: string, limit: number): string {
  if (bytesInJson(text) <= limit) return text;
  let left = limit - bytesInJson(ELLIPSIS);
  let kept = '';
  for (const character of text) {
    left -= bytesInJson(character);
    if (left < 0) break;
    kept += character;
  }
  // Never empty: a failure without a reason is none to CloudFormation.
  return kept + ELLIPSIS;
}

function bytesInJson(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
