import {DEVELOPER, signToken, type TokenClaims} from '../../dist/cli/development-token';
import {readSettings} from '../../dist/settings';

/** The secret that tests sign tokens with. */
export const TEST_SECRET = 'a secret of tests alone, 32 bytes or more';

/** A token, by default one that permits everything in the tenant `acme`. */
export const testToken = (claims: Partial<TokenClaims> = {}): Promise<string> =>
  signToken(
    TEST_SECRET,
    {...DEVELOPER, tenantId: 'acme', sub: 'tester', ...claims},
    readSettings({JWT_SECRET: TEST_SECRET}),
  );
