import { afterEach, beforeEach } from '@jest/globals';

/**
 * The SDK reads variables and files of the home by itself: none of this machine's may play a part. Called before the hooks that are to run without
 * them, it hides them before each test and brings them back after it.
 */
export function hideOwnEnvironment(): void {
  const own = process.env;
  beforeEach(() => {
    process.env = { PATH: own['PATH'], HOME: '/no/such/home', AWS_EC2_METADATA_DISABLED: 'true' };
  });
  afterEach(() => {
    process.env = own;
  });
}
