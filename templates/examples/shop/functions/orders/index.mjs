import { cents } from 'money';

export const handler = async ({ body }) => {
  const { item, price } = JSON.parse(body ?? '{}');
  return { statusCode: 201, body: JSON.stringify({ item, cents: cents(price), table: process.env.TABLE }) };
};
