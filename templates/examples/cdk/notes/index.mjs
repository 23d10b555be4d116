export const handler = async ({ note = '' }) => note.trim();
