// Of a package that is imported as a whole, when it is needed, the bundle of the program holds the whole.
export { fromNodeProviderChain } from '@aws-sdk/credential-providers';
