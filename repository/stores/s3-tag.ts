import type { S3Connection } from './s3-connection.ts';

/**
 * Gives the current object a tag and keeps the others. S3 takes the whole set of them at once and knows no conditions for it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html
 *
 * Needs s3:GetObjectTagging and s3:PutObjectTagging. S3 allows ten tags of 128 characters and values of 256, letters, digits, spaces and
 * `+ - = . _ : / @` (S3 user guide, "Categorizing your objects using tags"); more is refused with INVALID_ARGUMENT. Nothing says that spaces at the ends of a
 * value stay, and emulators take them away.
 */
export async function setTag(
  s3: S3Connection,
  key: string,
  name: string,
  value: string,
): Promise<'set' | 'same' | 'absent'> {
  const call = { operation: 'PutObjectTagging', key, actions: ['s3:GetObjectTagging', 's3:PutObjectTagging'] };
  const object = { ...s3.target, Key: key };
  // 405: a delete marker.
  const answers = { NoSuchKey: 'absent', MethodNotAllowed: 'absent' } as const;
  return await s3.settled<'set' | 'same' | 'absent'>(call, answers, async () => {
    const { TagSet = [] } = await s3.send('GetObjectTagging', object);
    if (TagSet.some((tag) => tag.Key === name && tag.Value === value)) return 'same';
    const others = TagSet.filter((tag) => tag.Key !== name);
    const Tagging = { TagSet: [...others, { Key: name, Value: value }] };
    await s3.send('PutObjectTagging', { ...object, Tagging });
    return 'set';
  });
}
