import type { HttpReply, HttpRequest, RefuseAction } from './stack-engine/http-endpoint.ts';
import { HttpEndpoint } from './stack-engine/http-endpoint.ts';

/** An event as a bus took it. */
export interface BusEvent {
  readonly id: string;
  readonly bus: string;
  readonly source: string;
  readonly detailType: string;
  /** ISO 8601, to the second, as EventBridge keeps it. */
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Time?: number;
  readonly Resources?: readonly string[];
  readonly EventBusName?: string;
}

const ENTRIES = 10;
const BYTES = 256 * 1024;

/** EventBridge over HTTP, as far as events are put: for `AWS_ENDPOINT_URL_EVENTBRIDGE`. Every bus is there. */
export class EventBusServer {
  /** In the order in which they came. */
  readonly events: BusEvent[] = [];
  /** Entries of each request, those that were refused too. */
  readonly requests: number[] = [];
  /** As policies would: asked with each entry. */
  refuse: RefuseAction<Entry> = () => undefined;
  /** Why one entry fails while the others of its request are taken. */
  failing: (entry: Entry) => string | undefined = () => undefined;
  /** Awaited before a request is answered. */
  delay: () => Promise<void> = async () => undefined;
  readonly #endpoint = new HttpEndpoint(async (request) => {
    await this.delay();
    return this.#answer(request);
  });

  listen(): Promise<string> {
    return this.#endpoint.listen();
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #answer({ headers, body }: HttpRequest): HttpReply {
    if (headers['x-amz-target'] !== 'AWSEvents.PutEvents') return failure(400, 'UnknownOperationException');
    const { Entries: entries = [] } = JSON.parse(body.toString()) as { readonly Entries?: readonly Entry[] };
    this.requests.push(entries.length);
    const size = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (entries.length < 1 || entries.length > ENTRIES || size >= BYTES) return failure(400, 'ValidationException');
    for (const entry of entries) {
      const refused = this.refuse('PutEvents', entry);
      if (refused !== undefined) return failure(refused.status, refused.code);
    }
    const results = entries.map((entry) => this.#put(entry));
    return reply(200, {
      FailedEntryCount: results.filter(({ EventId }) => EventId === undefined).length,
      Entries: results,
    });
  }

  #put(entry: Entry): { readonly EventId?: string; readonly ErrorCode?: string; readonly ErrorMessage?: string } {
    const { Source, DetailType, Detail, Time = 0, Resources = [], EventBusName = 'default' } = entry;
    const failed = this.failing(entry);
    if (failed !== undefined) return { ErrorCode: failed, ErrorMessage: 'on purpose' };
    if (Source === undefined || DetailType === undefined || Detail === undefined) {
      return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Parameter Detail, DetailType or Source is not valid.' };
    }
    const detail = parsed(Detail);
    if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const id = `event-${this.events.length + 1}`;
    const time = new Date(1000 * Math.floor(Time)).toISOString();
    const told = { bus: EventBusName, source: Source, detailType: DetailType, resources: Resources };
    this.events.push({ id, time, detail, ...told });
    return { EventId: id };
  }
}

/** As EventBridge counts it. */
function sizeOf({ Source = '', DetailType = '', Detail = '', Resources = [], Time }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time === undefined ? 0 : 14);
}

function parsed(text: string): BusEvent['detail'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as BusEvent['detail'])
      : undefined;
  } catch {
    return undefined;
  }
}

function reply(status: number, body: object): HttpReply {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(body) };
}

function failure(status: number, code: string): HttpReply {
  return reply(status, { __type: code, message: `${code}, on this machine` });
}
