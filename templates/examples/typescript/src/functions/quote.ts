import { rateOf } from '../shared/rates';

interface Request {
  readonly pathParameters?: { readonly currency?: string };
}

export async function handler({ pathParameters }: Request): Promise<{ statusCode: number; body: string }> {
  const currency = pathParameters?.currency ?? 'EUR';
  return { statusCode: 200, body: JSON.stringify({ currency, rate: rateOf(currency) }) };
}
