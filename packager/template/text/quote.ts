/** Text in double quotes, for JSON and for YAML alike. */
export function quoteDouble(text: string): string {
  // JSON leaves these as they are; YAML takes them for line breaks or refuses them.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
