import { randomUUID } from 'node:crypto';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient();

export const handler = async ({ body = '' }) => {
  const id = randomUUID();
  await client.send(new PutItemCommand({ TableName: process.env.TABLE, Item: { id: { S: id }, text: { S: body } } }));
  return { statusCode: 201, body: JSON.stringify({ id }) };
};
