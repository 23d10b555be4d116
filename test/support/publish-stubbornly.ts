import { hasCode, publishVersion } from '../../repository/index.ts';
import type { ArtifactName, Domain } from '../../repository/index.ts';
import { publishable } from './domain.ts';

/** What somebody publishes, of many at once. */
export interface Wanted {
  readonly text: string;
  readonly label?: string;
}

/** The number that he got, or why he got none. */
export type Got = number | 'LABEL_TAKEN';

export const NAME: ArtifactName = { repository: 'default', id: 'shop/api' };

/** He goes on after a failure of the store, as the promise is. */
const ATTEMPTS = 60;

export async function publishStubbornly(domain: Domain, { text, label }: Wanted): Promise<Got> {
  for (let attempt = 1; ; attempt++) {
    try {
      const wanted = label === undefined ? {} : { labels: [label] };
      return (await publishVersion(domain, NAME, publishable(text), wanted)).arn.version;
    } catch (error) {
      if (hasCode(error, 'LABEL_TAKEN')) return 'LABEL_TAKEN';
      if (attempt === ATTEMPTS || !hasCode(error, 'STORE_UNAVAILABLE', 'CONTENTION')) throw error;
    }
  }
}
