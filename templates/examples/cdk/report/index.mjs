export const handler = async () => 'All is well';
