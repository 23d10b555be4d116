import { join } from 'node:path';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';
import { temporaryFolder } from '../../support/temporary.ts';

objectStoreContract(
  'directory',
  async () => {
    const root = join(await temporaryFolder(), 'domain');
    return { store: directoryStore(root), close: () => Promise.resolve(), argument: root };
  },
  { child: join(import.meta.dirname, '../../support/directory-child.ts') },
);
