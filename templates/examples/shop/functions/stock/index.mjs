export const handler = async ({ pathParameters }) => ({
  statusCode: 200,
  body: JSON.stringify({ item: pathParameters?.item, left: 7 }),
});
