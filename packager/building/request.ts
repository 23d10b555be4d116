import type { Project } from '../archive/source.ts';
import type { Build } from '../template/build.ts';

/** What a bundler is told beside the build itself. */
export interface BundleRequest {
  /** The folder of the code. Absolute, links resolved. */
  readonly folder: string;
  readonly build: Build;
  readonly project: Pick<Project, 'root' | 'followExternalSymlinks'>;
  readonly cwd: string;
}
