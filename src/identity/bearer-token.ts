import {webcrypto} from 'node:crypto';
import type {RequestContext} from '@loopback/rest';
import {AuditError} from '../errors';
import type {CallerResolver} from './caller';
import {callerFromClaims} from './claims';

/** How tokens are verified: by a shared secret, or by the public keys that an issuer publishes. */
export type TokenVerification = {
  /** The `iss` that a token must have. */
  issuer?: string;
  /** The `aud` that a token must have. */
  audience?: string;
} & ({secret: string} | {jwksUri: string});

/** The library is an ES module; it is loaded when the first token comes. */
const jose = () => import('jose');

const {subtle} = webcrypto;

const SECRET_ALGORITHMS = ['HS256'];
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

/**
 * Callers by `Authorization: Bearer` (RFC 6750) with a JSON Web Token (RFC 7519). The algorithm is the
 * verifier's choice, never the token's, so an unsigned token or a public key used as secret is refused.
 */
export function bearerTokenCaller(verification: TokenVerification): CallerResolver {
  let verify: Promise<Verify> | undefined;
  return async context => {
    const token = tokenOf(context);
    verify ??= verifier(verification);
    return callerFromClaims(await (await verify)(token));
  };
}

type Verify = (token: string) => Promise<Record<string, unknown>>;

function tokenOf({request}: RequestContext): string {
  const header = request.headers.authorization;
  if (header === undefined) {
    throw new AuditError('UNAUTHENTICATED', 'Send a bearer token: Authorization: Bearer ….', [
      {field: 'Authorization', code: 'REQUIRED', message: 'is missing'},
    ]);
  }
  const [, token] = /^Bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(header.trim()) ?? [];
  if (token === undefined) throw invalidToken('is not a bearer token');
  return token;
}

async function verifier(verification: TokenVerification): Promise<Verify> {
  const {createRemoteJWKSet, jwtVerify} = await jose();
  const {issuer, audience} = verification;
  const options = {
    ...(issuer && {issuer}),
    ...(audience && {audience}),
    clockTolerance: 5,
    requiredClaims: ['exp'],
  };
  if ('secret' in verification) {
    // Made once: from bytes the library would make one for every token.
    const algorithm = {name: 'HMAC', hash: 'SHA-256'};
    const secret = new TextEncoder().encode(verification.secret);
    const key = await subtle.importKey('raw', secret, algorithm, false, ['verify']);
    return explained(token => jwtVerify(token, key, {...options, algorithms: SECRET_ALGORITHMS}));
  }
  const keys = createRemoteJWKSet(new URL(verification.jwksUri));
  return explained(token => jwtVerify(token, keys, {...options, algorithms: PUBLIC_KEY_ALGORITHMS}));
}

const explained =
  (verify: (token: string) => Promise<{payload: Record<string, unknown>}>): Verify =>
  async token => {
    try {
      return (await verify(token)).payload;
    } catch (error) {
      throw tokenError(error);
    }
  };

function tokenError(error: unknown): AuditError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ERR_JWT_EXPIRED':
      return new AuditError('TOKEN_EXPIRED', 'The token has expired: get a new one.', [
        {field: 'Authorization', code: 'TOKEN_EXPIRED', message: 'has expired'},
      ]);
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return invalidToken('has a claim that is not accepted');
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
    case 'ERR_JWS_INVALID':
    case 'ERR_JWT_INVALID':
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
    case 'ERR_JOSE_NOT_SUPPORTED':
    case 'ERR_JWKS_NO_MATCHING_KEY':
    case 'ERR_JWKS_MULTIPLE_MATCHING_KEYS':
      return invalidToken('is not signed as it must be');
    default:
      return new AuditError(
        'IDENTITY_UNAVAILABLE',
        'The keys of the issuer cannot be had: try again later.',
        [],
        {
          cause: error,
        },
      );
  }
}

const invalidToken = (message: string) =>
  new AuditError('INVALID_TOKEN', 'The token is not accepted.', [
    {field: 'Authorization', code: 'INVALID_TOKEN', message},
  ]);
