export const handler = async ({ cents }) => ({ charged: Number.isInteger(cents) && cents > 0 });
