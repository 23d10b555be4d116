import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import { assetName } from '../manifest.ts';
import type { ArtifactName } from '../name.ts';
import { formatArtifactName } from '../name.ts';
import type { Publishable } from '../publishable.ts';
import { readSettings } from '../settings.ts';
import { guestFilename, guestNonce } from './guest-file.ts';
import { reaching } from './reach.ts';
import { includes, scopeOf } from './share.ts';

/** What is published, as far as a guest publishes it under another name. */
interface ToPublish {
  readonly name?: string;
  readonly publishable: Publishable;
}

/**
 * Of who works in the domain of another account: tells the scope into which a version of this artifact is published there. Where several shares let somebody publish it, all have one pattern, and so one scope.
 * @throws ArtifactError ACCESS_DENIED where no share lets anybody
 */
export async function guestScope({ store, account, region }: Domain, name: ArtifactName): Promise<string> {
  const { repository } = name;
  const shares = (await readSettings(store, repository))?.value.shares ?? [];
  const reached = reaching(
    shares.map((share) => ({ ...share, repository })),
    name,
  ).find(({ right }) => includes(right, 'publish'));
  if (reached !== undefined) return scopeOf(reached);
  const artifact = formatArtifactName(name);
  throw new ArtifactError(
    'ACCESS_DENIED',
    `account ${account} lets no other account publish '${artifact}' in ${region}`,
    {
      remedy: `Whoever administers it can: cfn-artifacts share ${artifact} --with ACCOUNT --publish`,
    },
  );
}

/** The same domain, for a guest: what is written there is known as a guest's. */
export function forGuest(domain: Domain, scope: string): Domain {
  return { ...domain, chance: { ...domain.chance, nonce: () => guestNonce(scope, domain.chance.nonce()) } };
}

/**
 * An asset as a guest brings it: under a name of its own in the store, and with the one it has in the version. What the domain knows of sources is not for guests: who could write there could have it deploy
 * anything. What stands there already is only named.
 */
export function guestAsset<A extends ToPublish>(asset: A, scope: string): A {
  const { filename, blob } = asset.publishable;
  if (blob !== undefined) return asset;
  const publishable: Publishable = { filename: guestFilename(scope, filename), open: () => asset.publishable.open() };
  return { ...asset, name: asset.name ?? assetName(filename), publishable };
}
