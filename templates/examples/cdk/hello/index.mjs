import { greet } from 'greeting';

export const handler = async ({ name = 'world' }) => greet(name);
