import path from 'node:path';
import { ArtifactError } from '../../../repository/index.ts';
import type { PackageResult } from '../../packaging/package.ts';
import type { Regional } from '../../packaging/regional.ts';
import type { Place } from '../../template/place.ts';
import { formatPosition, subjectOf } from '../../template/place.ts';
import type { PackageOptions } from '../syntax/package-flags.ts';

/** What `package --regions` writes, and tells of it. */

/** `packaged.yaml` becomes `packaged.eu-west-1.yaml`. */
export function regionalName(given: string, region: string): string {
  const { dir, name, ext } = path.parse(given);
  return path.join(dir, `${name}.${region}${ext}`);
}

/** Before anything is opened. @throws ArtifactError INVALID_ARGUMENT */
export function requireRegions({ regions, domain }: PackageOptions): void {
  if (regions === undefined || domain?.kind !== 'directory') return;
  throw new ArtifactError('INVALID_ARGUMENT', `no Region fetches anything from the directory '${domain.directory}'`, {
    remedy: "Leave out --domain, or carry it over with 'cfn-artifacts bundle create'.",
  });
}

/** @throws ArtifactError INVALID_ARGUMENT where there will be several outputs, and no name for them */
export function requireOutputs(bound: readonly Place[], { regions, outputTemplateFile }: PackageOptions): void {
  const [first] = bound;
  if (first === undefined || regions === undefined || regions.length < 2 || outputTemplateFile !== undefined) return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `each Region needs an output of its own, and stdout takes one: ${lineOf(first)} is a literal`,
    {
      remedy: `Name a file: --output-template-file packaged.yaml writes ${regions.map((region) => regionalName('packaged.yaml', region)).join(', ')}.`,
    },
  );
}

/** Whether one output is for all regions. A dry run, which makes none, knows the places. */
export function servesAll({ regional, bound }: PackageResult): boolean {
  const [first, ...others] = regional;
  if (first === undefined || others.length === 0) return true;
  return first.text === undefined ? bound.length === 0 : others.every(({ text }) => text === first.text);
}

/** The output that is for all regions, of one that serves all. */
export function textForAll({ regional: [first], text = '' }: PackageResult): string {
  return first?.text ?? text;
}

/** Lines for people. */
export function formatRegions(result: PackageResult, { dryRun }: PackageOptions): string {
  const { regional, bound, destination } = result;
  const regions = regional.map(({ region }) => region);
  const brought = regional
    .filter(({ region }) => region !== destination?.region)
    .map((one) => `${one.region}: ${broughtTo(one)}`);
  const literals = bound.map((place) => `  ${lineOf(place)}`);
  const write = dryRun ? 'would be written' : 'was written';
  const outcome = servesAll(result)
    ? bound.length === 0
      ? [`one output serves ${listed(regions)}: no place in it is of one Region`]
      : [`the output is for ${listed(regions)}: these places are literals of that Region`, ...literals]
    : [`an output for each of ${listed(regions)} ${write}, because these places are literals:`, ...literals];
  return [...brought, ...outcome].map((line) => `${line}\n`).join('');
}

function broughtTo({ stored, planned = 0 }: Regional): string {
  const count = (...outcomes: readonly string[]): number =>
    stored.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const [copied, there] = [count('copied', 'uploaded'), count('reused')];
  const told = [
    ...(copied === 0 ? [] : [`${copied} brought there`]),
    ...(planned === 0 ? [] : [`${planned} would be brought there`]),
    ...(there === 0 ? [] : [`${there} there already`]),
  ];
  return told.length === 0 ? 'nothing to bring there' : told.join(', ');
}

function listed(regions: readonly string[]): string {
  return regions.length < 2 ? regions.join('') : `${regions.slice(0, -1).join(', ')} and ${regions.at(-1) ?? ''}`;
}

/** `template.yaml:25:37: Parameters.Location of 'Api' (Fn::Transform/AWS::Include)` */
function lineOf(place: Place): string {
  return `${formatPosition(place.position)}: ${subjectOf(place)}`;
}

/** As JSON; to be spread, without a member where no regions were asked for. @param fileOf where the output of a region was written */
export function plainRegions(result: PackageResult, fileOf: (region: string) => string | undefined): object {
  const { regional, bound } = result;
  if (regional.length === 0) return {};
  const isOne = servesAll(result);
  return {
    regions: regional.map(({ region, bucket, stored, planned }) => {
      const file = isOne ? undefined : fileOf(region);
      return { region, bucket, ...(file !== undefined && { outputTemplateFile: file }), artifacts: stored, planned };
    }),
    literalPlaces: bound.map(({ position, resource, type, property }) => {
      return { place: formatPosition(position), ...(resource !== undefined && { resource }), type, property };
    }),
  };
}
