import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError, refuse } from '../../repository/error.ts';

/** What comes with the tool and goes into an account. */
export interface Installation {
  /** Of the tool, and of the domain that it makes. */
  readonly version: string;
  /** The domain's template as built, the reference function inside. */
  readonly template: string;
  /** The keeper's bundle: CommonJS, to be run as `index.js`. */
  readonly keeper: string;
}

const FILES = { template: 'templates/domain.yaml', keeper: 'dist/keeper/index.js' } as const;

/**
 * Reads what was built. @param from a folder in the package, source or installed
 * @throws ArtifactErrors INVALID_CONFIGURATION with each file that is absent
 */
export function readInstallation(from: string = import.meta.dirname): Installation {
  const root = packageRoot(from);
  const { version = '' } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version?: string };
  const problems: ArtifactError[] = [];
  const read = (file: string): string => {
    try {
      return readFileSync(path.join(root, file), 'utf8');
    } catch (cause) {
      problems.push(notBuilt(file, root, cause));
      return '';
    }
  };
  const installation = { version, template: read(FILES.template), keeper: read(FILES.keeper) };
  refuse(problems);
  return installation;
}

const NAME = 'cfn-artifacts';

/** The nearest folder upwards with this package's own package.json: `dist` has none. */
export function packageRoot(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === NAME) return folder;
    if (folder === path.dirname(folder)) {
      throw new ArtifactError('INVALID_CONFIGURATION', `there is no package '${NAME}' above '${from}'`, {
        remedy: `Install it again: npm install ${NAME}`,
      });
    }
  }
}

function notBuilt(file: string, root: string, cause: unknown): ArtifactError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  return new ArtifactError('INVALID_CONFIGURATION', `'${file}' can't be read in '${root}': ${code}`, {
    remedy: 'In a checkout: npm run build. Else install cfn-artifacts again.',
    cause,
  });
}
