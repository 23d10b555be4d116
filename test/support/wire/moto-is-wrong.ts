import type { ProxiedRequest } from '../proxy/proxy.ts';

/** Something that an emulator of S3 does wrong, as far as deletion could stand on it. */
interface Wrong {
  readonly what: string;
  /** What is done about it here. */
  readonly here: string;
  /** Whether a request stands on what the emulator does wrong; absent where the line sees to it. */
  readonly standsOn?: (request: ProxiedRequest) => boolean;
}

export const MOTO_IS_WRONG: readonly Wrong[] = [
  {
    what: 'looks whether a condition holds and then writes, and lets others in between',
    here: 'the line delivers requests about one key one after the other',
  },
  {
    what: 'never answers 409 ConditionalRequestConflict',
    here: 'the line does',
  },
  {
    what: 'verifies no checksum and no signature',
    here: 'nothing is sent that is wrong on purpose, and what is judged is read whole and compared with its name',
  },
  {
    what: 'ignores the conditions of CopyObject',
    here: 'no content has a second filename, so nothing is copied',
    standsOn: ({ headers }) => headers['x-amz-copy-source'] !== undefined,
  },
  {
    what: 'ignores the conditions of CompleteMultipartUpload',
    here: 'nothing goes up in parts',
    standsOn: ({ url }) => /[?&]upload(?:s|Id)\b/.test(url),
  },
  {
    what: 'removes several objects at once whatever their ETags',
    here: 'each is removed by a request of its own',
    standsOn: ({ method, url }) => method === 'POST' && /[?&]delete\b/.test(url),
  },
  {
    what: 'takes whatever owner is expected where it stores',
    here: 'none is expected',
    standsOn: ({ headers }) => headers['x-amz-expected-bucket-owner'] !== undefined,
  },
  {
    what: 'answers 404 where a delete marker is read by its version, instead of 405',
    here: 'nothing is read by its version',
    standsOn: ({ method, url }) => (method === 'GET' || method === 'HEAD') && /[?&]versionId=/.test(url),
  },
];
