import type { PositionalArgument } from './option.ts';

export const ARTIFACT: PositionalArgument = {
  name: 'artifact',
  help: 'an ARN, or [REPOSITORY/]ID with nothing, :VERSION, :LABEL, :latest, a range like :^1.4, ^BOOKMARK or @sha256:DIGEST behind it',
  required: true,
};

export const VERSION: PositionalArgument = {
  ...ARTIFACT,
  help: 'an ARN, or [REPOSITORY/]ID with :VERSION, :LABEL, :latest, a range like :^1.4, ^BOOKMARK or @sha256:DIGEST behind it',
};

export const WHOLE: PositionalArgument = { ...ARTIFACT, help: 'its ARN, or [REPOSITORY/]ID' };
