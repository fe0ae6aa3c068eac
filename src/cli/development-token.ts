import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {AuditError} from '../errors';
import {PermissionKey} from '../identity/permission';
import type {Settings} from '../settings';

const SECRET_FILE = 'jwt-secret';

/** The secret of a development start: made at the first one, and kept in the data folder. */
export async function developmentSecret(dataFolder: string): Promise<string> {
  const file = join(dataFolder, SECRET_FILE);
  await mkdir(dataFolder, {recursive: true});
  if (!existsSync(file)) await writeFile(file, randomBytes(32).toString('base64url'), {mode: 0o600});
  return (await readFile(file, 'utf8')).trim();
}

/**
 * The secret that this service's tokens are signed with.
 *
 * @throws AuditError INVALID_SETTING where tokens come from an issuer of their own
 */
export async function signingSecret({jwt, database, dataDir}: Settings): Promise<string> {
  if (jwt.secret !== undefined) return jwt.secret;
  if (database || jwt.jwksUri) {
    const message = 'is missing: tokens are signed with it, or by the issuer of JWT_JWKS_URI alone';
    throw new AuditError('INVALID_SETTING', `JWT_SECRET ${message}.`, [
      {field: 'JWT_SECRET', code: 'INVALID_SETTING', message},
    ]);
  }
  return developmentSecret(dataDir);
}

export interface TokenClaims {
  sub: string;
  tenantId: string;
  permissions: readonly string[];
  /** Such as `8h`. */
  expiresIn: string;
}

/** Signs a token that this service accepts (HS256, RFC 7519). */
export async function signToken(secret: string, claims: TokenClaims, {jwt}: Settings): Promise<string> {
  const {SignJWT} = await import('jose');
  const {sub, tenantId, permissions, expiresIn} = claims;
  const token = new SignJWT({tenantId, permissions})
    .setProtectedHeader({alg: 'HS256'})
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(expiresIn);
  if (jwt.issuer) token.setIssuer(jwt.issuer);
  if (jwt.audience) token.setAudience(jwt.audience);
  return token.sign(new TextEncoder().encode(secret));
}

/** Who works with a development start: everything is permitted, in a tenant of its own. */
export const DEVELOPER: TokenClaims = {
  sub: 'developer',
  tenantId: 'development',
  permissions: Object.values(PermissionKey),
  expiresIn: '30d',
};
