import { describe, expect, test } from '@jest/globals';
import { completingFor } from '../../../../packager/cli/talk/remedy.ts';

const DOMAIN = ['list', '--domain', 'file:../domain'];

describe('completingFor()', () => {
  test.each([
    ["'cfn-artifacts list' shows what there is.", "'cfn-artifacts list --domain file:../domain' shows what there is."],
    [
      "Run 'cfn-artifacts verify --fix', then 'cfn-artifacts gc rules set FILE'.",
      "Run 'cfn-artifacts verify --fix --domain file:../domain', then 'cfn-artifacts gc rules set FILE --domain file:../domain'.",
    ],
    [
      'First take the deletion back: cfn-artifacts undelete shop/api:1',
      'First take the deletion back: cfn-artifacts undelete shop/api:1 --domain file:../domain',
    ],
  ])('a command of a domain is about this one: %s', (remedy, expected) => {
    expect(completingFor(DOMAIN)(remedy)).toBe(expected);
    expect(completingFor(['list'])(remedy)).toBe(remedy);
  });

  test.each([
    "See 'cfn-artifacts list --help'.",
    "Try 'cfn-artifacts undelete a:1 --domain file:other'.",
    "Make it with 'cfn-artifacts bootstrap --region eu-west-1'.",
    "Carry it over: 'cfn-artifacts bundle create' here, 'cfn-artifacts bundle publish' with credentials of there.",
    "'cfn-artifacts' is in no folder of PATH.",
    "'cfn-artifacts listen' is no command.",
  ])('what is about no domain, or about another, stays: %s', (remedy) => {
    expect(completingFor(DOMAIN)(remedy)).toBe(remedy);
  });

  test('the last one counts, with what says where it is, as shells understand it', () => {
    const argv = ['--domain=file:a', 'list', '--profile', 'my own', '--domain', 's3://b', '--region=eu-west-1'];
    expect(completingFor(argv)("Run 'cfn-artifacts doctor'")).toBe(
      "Run 'cfn-artifacts doctor --domain s3://b --region eu-west-1 --profile 'my own''",
    );
  });
});
