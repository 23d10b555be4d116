import type { Archiver, Project, Source, SourceRequest } from '../archive/source.ts';
import { openSource } from '../archive/source.ts';
import type { Warning } from '../event.ts';
import type { Build } from '../template/build.ts';
import type { Builder } from './builder.ts';

/** A source that was built. */
export interface BuiltSource extends Source {
  /** What was read for it. Absolute. */
  readonly inputs: readonly string[];
}

/** What was read for a source beside what stands at its path. */
export function inputsOf(source: Source | BuiltSource): readonly string[] {
  return 'inputs' in source ? source.inputs : [];
}

/**
 * What a build makes of the folder at a path, walked and hashed as that folder itself would be.
 * @throws as `Builder.build` and `openSource`
 */
export async function openBuilt(
  request: SourceRequest,
  build: Build,
  builder: Builder,
  project: Project,
  archiver: Archiver,
): Promise<BuiltSource> {
  const { folder, warnings, inputs } = await builder.build(request.path, build);
  const source = await openSource({ ...request, path: folder }, project, archiver);
  // Where it was built is nobody's matter.
  const told = (warning: Warning): Warning => ({
    ...warning,
    message: warning.message.replaceAll(folder, request.path),
  });
  return { ...source, inputs, path: request.path, warnings: [...warnings, ...source.warnings.map(told)] };
}
