import { bytesOf } from '../../../repository/content.ts';
import type { MemoryObject } from '../../../repository/stores/memory.ts';
import type { Place } from './actor.ts';
import type { Answer, Request } from './request.ts';

/** One step of a story: who asked what, and what came of it. */
export async function lineOf(
  who: string,
  request: Request,
  answer: Answer | undefined,
  remarks: readonly string[],
): Promise<string> {
  const said = answer === undefined ? '' : 'error' in answer ? String(answer.error) : valueAsText(answer.value);
  const written = request.content === undefined ? '' : gistOf(await bytesOf(request.content.read()));
  const { revision, incarnation } = request;
  const which = [revision, incarnation].filter((one) => one !== undefined).map((one) => `@${one.slice(0, 12)}`);
  const asked = [request.method, short(request.at), ...which, ...(written === '' ? [] : [written])].join(' ');
  return `${who}: ${asked} → ${said}${remarks.length > 0 ? ` (${remarks.join(', ')})` : ''}`;
}

/** What can be seen at one moment: two views that differ in anything are told apart. */
export function viewOf(objects: readonly MemoryObject[], places: readonly Place[]): string {
  const stored = objects.map(
    ({ key, sha256, incarnation, modified }) => `${key} ${sha256} ${incarnation} ${modified.getTime()}`,
  );
  return [...stored.sort(), ...places.map(({ outcome }) => outcome ?? 'at work')].join('\n');
}

function valueAsText(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(listedAsText).join(', ');
  const { bytes, incarnation } = value as { readonly bytes?: Buffer; readonly incarnation?: string };
  const gist = bytes === undefined ? '' : gistOf(bytes);
  return gist === '' ? `there, @${incarnation ?? ''}` : gist;
}

function listedAsText(one: unknown): string {
  return typeof one === 'string' ? `@${one}` : short((one as { readonly key: string }).key);
}

/** Of a record, what decides. */
function gistOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.startsWith('{')) return '';
  const { state, status, nonce, number, generation } = JSON.parse(text) as Record<string, unknown>;
  const gist = [state ?? status, generation, number, nonce].flatMap((one) =>
    typeof one === 'string' || typeof one === 'number' ? [String(one)] : [],
  );
  return `{${gist.join(' ')}}`;
}

/** Digests and UUIDs by their first digits. */
function short(key: string): string {
  return key.replaceAll(/[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (name) => `${name.slice(0, 6)}…`);
}
