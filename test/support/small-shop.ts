/** A template with a function and an API, and what they name: an archive and a file. */
export const SMALL_SHOP: Readonly<Record<'template.yaml' | 'api/x.js' | 'api.json', string>> = {
  'template.yaml':
    'Resources:\n  Api: {Type: AWS::Lambda::Function, Properties: {Code: api, Handler: x.h, Runtime: nodejs22.x, Role: r}}\n' +
    '  Rest: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.json}}\n',
  'api/x.js': 'a',
  'api.json': '{"openapi": "3.0.1"}',
};
