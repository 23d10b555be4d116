import type { Resolution } from '../../../repository/index.ts';
import { digestToBase64, formatArn } from '../../../repository/index.ts';
import { holdersElsewhere } from '../../../repository/looking/needs.ts';
import { formatVersion } from '../../../repository/promoting/record.ts';
import { formatFields, writeJson } from './report.ts';
import type { Field, ShowCall } from './showing.ts';
import { fieldsOf, lookBeside, placesOf, sizeOf } from './showing.ts';

/** So many versions with this content are named. */
const HOLDERS = 10;

/** Content by what it is, which no version of the artifact holds. */
export async function showContent(call: ShowCall, content: Resolution): Promise<void> {
  const { options, terminal, warnings, domain } = call;
  const { arn, repository, id, status, digest, size, filename } = content;
  const { bucket, key, uri, url } = placesOf(call, content);
  const held = await lookBeside(call, 'what holds it', () => holdersElsewhere(domain, digest, undefined, HOLDERS));
  const elsewhere = held?.versions.map(formatVersion);
  if (options.json) {
    writeJson(terminal, {
      ...{ arn: formatArn(arn), repository, id, status, digest, size, filename, bucket, key, uri, url },
      ...{ elsewhere, moreElsewhere: held?.isMore, warnings: warnings.all() },
    });
    return;
  }
  const fields: readonly Field[] = [
    ['Arn', formatArn(arn)],
    ['Size', sizeOf(size)],
    ['SHA-256', digest],
    ['CodeSha256', digestToBase64(digest)],
    ['Key', key],
    ...fieldsOf('Uri', uri === undefined ? [] : [uri]),
    ['Url', url],
    ...fieldsOf('Held by', [...(elsewhere ?? []), ...(held?.isMore === true ? ['and others'] : [])]),
  ];
  terminal.stdout.write(formatFields(fields));
}
