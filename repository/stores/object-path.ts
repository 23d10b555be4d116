/** Bucket and key as S3 has them in a URL, behind the host. */
export function objectPath(bucket: string, key: string): string {
  return `${bucket}/${encodedKey(key)}`;
}

export function encodedKey(key: string): string {
  return key.split('/').map(percentEncoded).join('/');
}

/** All but RFC 3986's unreserved characters; encodeURIComponent leaves five more. */
function percentEncoded(segment: string): string {
  return encodeURIComponent(segment).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
