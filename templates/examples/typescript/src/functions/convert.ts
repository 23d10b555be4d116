import { rateOf } from '../shared/rates';

interface Conversion {
  readonly amount: number;
  readonly from: string;
  readonly to: string;
}

export async function handler({ body }: { readonly body: string }): Promise<{ statusCode: number; body: string }> {
  const { amount, from, to } = JSON.parse(body) as Conversion;
  return { statusCode: 200, body: JSON.stringify({ amount: (amount * rateOf(to)) / rateOf(from), currency: to }) };
}
