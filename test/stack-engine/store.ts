import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The least store that functions in child processes can write to: objects by path, over HTTP. */
export interface TinyStore {
  readonly endpoint: string;
  readonly objects: Map<string, string>;
  /** `PUT key`, in the order in which they came. */
  readonly requests: string[];
  close(): Promise<void>;
}

export async function startTinyStore(): Promise<TinyStore> {
  const objects = new Map<string, string>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const key = decodeURIComponent((request.url ?? '').slice('/bucket/'.length));
    requests.push(`${request.method ?? ''} ${key}`);
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.once('end', () => {
      const found = objects.get(key);
      if (request.method === 'PUT') objects.set(key, Buffer.concat(pieces).toString());
      if (request.method === 'DELETE') objects.delete(key);
      const missing = request.method === 'GET' && found === undefined;
      response.writeHead(missing ? 404 : 200).end(request.method === 'GET' ? found : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
