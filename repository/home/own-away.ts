import { parseArn } from '../arn.ts';
import type { Domain } from '../domain.ts';
import type { Away } from './away.ts';
import { fetchContent } from './fetch.ts';
import type { Homes } from './home.ts';
import { tellOf } from './tell.ts';

/** Other domains, for who keeps this one. */
export function ownAway(domain: Domain, homes: Homes): Away {
  return {
    fetch: async (arn, filename) => fetchContent(domain, homes, parseArn(arn), filename),
    async tell(of) {
      const told = tellOf(domain, homes, of);
      // What could not be told stays noted.
      for (let next = await told.next(); next.done !== true;) next = await told.next();
    },
  };
}
