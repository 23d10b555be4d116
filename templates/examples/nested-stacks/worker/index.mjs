export const handler = async ({ Records: records }) => {
  for (const { body } of records) console.log(process.env.STAGE, body);
};
