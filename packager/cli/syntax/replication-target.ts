import { ArtifactError } from '../../../repository/error.ts';
import type { Target } from '../../opening/replication.ts';
import { REGION, texts } from './option.ts';

/** Regions, of whichever account: `eu-west-1,444455556666/eu-west-1`. @throws ArtifactError INVALID_ARGUMENT */
export function parseTargets(given: unknown): readonly [Target, ...Target[]] {
  const [first, ...rest] = texts(given)
    .flatMap((text) => text.split(','))
    .map((text) => targetIn(text.trim()));
  if (first === undefined) throw new ArtifactError('INVALID_ARGUMENT', 'must be Regions, not nothing');
  return [first, ...rest];
}

function targetIn(text: string): Target {
  const { account, region = '' } = /^(?:(?<account>[0-9]{12})\/)?(?<region>.*)$/s.exec(text)?.groups ?? {};
  if (REGION.test(region)) return { region, ...(account !== undefined && { account }) };
  throw new ArtifactError('INVALID_ARGUMENT', `must be Regions, not '${text}'`, {
    remedy: "Name them like 'eu-west-1,ap-south-1'; that of another account like '444455556666/eu-west-1'.",
  });
}
