import { request } from 'node:https';
import { ArtifactError } from '../../repository/error.ts';

/** What a PUT goes by. */
export interface Patience {
  /** Milliseconds until nothing more can be done. */
  readonly remaining: () => number;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 250;
const ATTEMPT_MS = 5000;

/** Host, port and path to the letter: they are what is signed, and a URL that was parsed and printed again can be another one. */
const URL_PARTS = /^https:\/\/(?<host>\[[^\]]+\]|[^/?#:@[\]]+)(?::(?<port>[0-9]+))?(?<path>[/?][^#]*)$/i;

/**
 * Puts the answer where CloudFormation looks for it. Another attempt does no harm: the first object counts.
 * @throws ArtifactError STORE_UNAVAILABLE after several attempts, or when the time is up
 */
export async function putAnswer(url: string, body: Buffer, { remaining, pause }: Patience): Promise<void> {
  let failure: unknown;
  for (let attempt = 0; attempt < ATTEMPTS && (attempt === 0 || remaining() > 0); attempt++) {
    // Full jitter, within what is left.
    if (attempt > 0) await pause(Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, remaining()));
    try {
      const status = await putOnce(url, body, Math.ceil(Math.max(1, Math.min(ATTEMPT_MS, remaining()))));
      if (status >= 200 && status < 300) return;
      failure = `status ${status}`;
    } catch (error) {
      failure = (error as Partial<NodeJS.ErrnoException>).code ?? (error as Error).name;
    }
  }
  // Never the URL: it is a secret.
  throw new ArtifactError('STORE_UNAVAILABLE', `CloudFormation's answer could not be stored: ${String(failure)}`);
}

function putOnce(url: string, body: Buffer, timeout: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const { host = '', port, path = '' } = URL_PARTS.exec(url)?.groups ?? {};
    if (host === '') throw new TypeError('the ResponseURL has no host');
    const asked = request(
      {
        host: host.replace(/^\[|\]$/g, ''),
        ...(port !== undefined && { port }),
        path: path.startsWith('/') ? path : `/${path}`,
        method: 'PUT',
        // No Content-Type: the signature says that there is none.
        headers: { 'content-length': body.byteLength },
        agent: false,
        signal: AbortSignal.timeout(timeout),
      },
      (response) => {
        response.once('error', reject).once('end', () => {
          resolve(response.statusCode ?? 0);
        });
        response.resume();
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}
