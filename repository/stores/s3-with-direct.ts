/** For who makes many requests in a short life. Functions live on, and have no room for it. */
export * from './s3.ts';
export { DirectS3 } from './s3-direct.ts';
