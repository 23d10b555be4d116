import { deleteBookmark, readBookmark, setBookmark } from '../../../repository/bookmark.ts';
import { undeleteVersion } from '../../../repository/deleting/undelete.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import type { Domain } from '../../../repository/domain.ts';
import { hasCode } from '../../../repository/error.ts';
import type { ArtifactName } from '../../../repository/name.ts';
import { changeStatus } from '../../../repository/status-change.ts';
import { readVersion } from '../../../repository/version.ts';
import type { Answer, Call } from './artifact-model.ts';

export const NAME: ArtifactName = { repository: 'default', id: 'a' };
export const BOOKMARK = 'prod';

/** Has it done by the product. */
export async function perform(domain: Domain, call: Call): Promise<Answer> {
  switch (call.does) {
    case 'get': {
      const from = (await readBookmark(domain.store, NAME, BOOKMARK))?.value.number;
      return { outcome: 'found', ...(from !== undefined && { from }) };
    }
    case 'set': {
      const { partition, region, account } = domain;
      const arn = { partition, region, account, ...NAME, version: call.number };
      const { outcome, from } = await setBookmark(domain, arn, BOOKMARK, expectationOf(call));
      return { outcome, ...(from !== undefined && { from }) };
    }
    case 'unset': {
      const { outcome, from } = await deleteBookmark(domain, NAME, BOOKMARK, expectationOf(call));
      return { outcome, ...(from !== undefined && { from }) };
    }
    case 'look': {
      const version = await readVersion(domain, NAME, call.number);
      return { outcome: 'found', status: version?.status ?? 'Deleted' };
    }
    case 'change': {
      const { number, to } = call;
      const change = await changeStatus(domain, NAME, number, to, expectationOf(call));
      const { outcome, status } = change ?? { outcome: 'no version', status: 'Deleted' as const };
      return { outcome, status, ...(change?.outcome === 'changed' && { from: change.from }) };
    }
    case 'delete': {
      const deletion = await deleteVersion(domain, NAME, call.number);
      return deletion === undefined || deletion.outcome === 'used'
        ? { outcome: deletion?.outcome ?? 'no version' }
        : { outcome: deletion.outcome, status: deletion.status };
    }
    case 'undelete': {
      const undeletion = await undeleteVersion(domain, NAME, call.number);
      return undeletion === undefined
        ? { outcome: 'no version' }
        : { outcome: undeletion.outcome, status: undeletion.status };
    }
  }
}

function expectationOf<Expected>({ expected }: { readonly expected?: Expected }): { readonly expected?: Expected } {
  return expected === undefined ? {} : { expected };
}

/** Errors that say that nothing was done, and why. */
const REFUSALS = [
  'STALE_REVISION',
  'ARTIFACT_ARCHIVED',
  'ARTIFACT_DELETED',
  'STATUS_NOT_ALLOWED',
  'ARTIFACT_NOT_FOUND',
] as const;

/** @returns `undefined`: whether it took place nobody knows. @throws what should never be thrown */
export function refusalOf(error: unknown): Answer | undefined {
  if (hasCode(error, 'STORE_UNAVAILABLE', 'CONTENTION')) return undefined;
  if (hasCode(error, ...REFUSALS)) return { outcome: (error as { readonly code: string }).code };
  throw error;
}

/** So many versions there are. */
export const VERSIONS = 2;

const KINDS = [
  'set',
  'set',
  'set',
  'unset',
  'get',
  'get',
  'change',
  'change',
  'delete',
  'undelete',
  'look',
  'look',
] as const;

/** What an actor does next. Bookmarks and statuses are about evenly often looked at and changed. */
export function callBy(random: () => number): Call {
  const among = (limit: number): number => Math.floor(random() * limit);
  const number = 1 + among(VERSIONS);
  const does = KINDS[among(KINDS.length)] ?? 'get';
  const isExpecting = random() < 0.4;
  switch (does) {
    case 'set':
      return { does, number, ...(isExpecting && { expected: among(VERSIONS + 1) }) };
    case 'unset':
      return { does, ...(isExpecting && { expected: number }) };
    case 'change': {
      const to = (['Published', 'Unlisted', 'Unlisted', 'Archived', 'Disposed'] as const)[among(5)] ?? 'Published';
      const expected = (['Published', 'Unlisted'] as const)[among(2)];
      return { does, number, to, ...(isExpecting && to !== 'Disposed' && expected !== undefined && { expected }) };
    }
    case 'delete':
    case 'undelete':
    case 'look':
      return { does, number };
    case 'get':
      return { does };
  }
}
