import { makePlan } from '../../repository/collecting/plan.ts';
import { establishDomain, LOCAL_PLACE, ownKeeper } from '../../repository/index.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { generatedListing } from '../support/generated-listing.ts';

/**
 * Makes one plan over a store that generates its listing, in a process of its own, and prints as JSON what that took.
 * `node collection.mjs BLOBS REFERENCES UNNEEDED`, of which the last is of each thousand blobs.
 */
const [blobs = 0, references = 0, unneeded = 0] = process.argv.slice(2).map(Number);

let nonces = 0;
const now = (): Date => new Date(Date.UTC(2026, 0, 1));
const chance = { now, nonce: () => `nonce${String(++nonces).padStart(8, '0')}`, pause: async () => undefined };
const rest = memoryStore(now);
await establishDomain({ store: rest, keeper: ownKeeper(rest), chance }, { ...LOCAL_PLACE, bucket: 'local' });
const store = generatedListing(rest, { blobs, references, unneeded });
const domain = { ...LOCAL_PLACE, bucket: 'local', store, keeper: ownKeeper(store), chance };

const start = performance.now();
let items = 0;
let parts = 0;
for await (const piece of makePlan(domain, { id: chance.nonce(), now: false, verbose: false }, () => false)) {
  items += piece.items.length;
  parts += piece.plan === undefined ? 1 : 0;
}
const seconds = (performance.now() - start) / 1000;
const { pages, listed, others } = store.requests();
// In kilobytes: https://nodejs.org/api/process.html#processresourceusage
const peak = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ seconds, items, parts, pages, listed, others, peak })}\n`);
