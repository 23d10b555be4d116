import { directoryStore } from '../../repository/stores/directory.ts';
import { serveContract } from './object-store-child.ts';

/** What the contract suite starts as other processes on the same folder. */
await serveContract((root) => directoryStore(root));
