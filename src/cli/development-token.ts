import {randomBytes} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {PermissionKey} from '../identity/permission';
import {type Settings, wrong} from '../settings';
import {keptFile} from './kept-file';

const SECRET_FILE = 'jwt-secret';

/** The secret of a development start: made at the first one, and kept in the data folder. For serve alone. */
export const developmentSecret = (dataFolder: string): Promise<string> =>
  keptFile(dataFolder, SECRET_FILE, () => randomBytes(32).toString('base64url'));

/**
 * The secret that a development start has kept. None is made here: a token signed with it would be good for
 * no service, and the folder, made by another user perhaps, would stand in the way of the first start.
 */
async function keptSecret(dataFolder: string): Promise<string> {
  try {
    return (await readFile(join(dataFolder, SECRET_FILE), 'utf8')).trim();
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    const message =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? 'holds no secret to sign a token with: no service has been started with this AUDIT_DATA_DIR'
        : `holds a secret that cannot be read (${code})`;
    throw wrong('AUDIT_DATA_DIR', message);
  }
}

/**
 * The secret that this service's tokens are signed with.
 *
 * @throws AuditError INVALID_SETTING where tokens come from an issuer of their own, or no service has been
 * started yet
 */
export async function signingSecret({jwt, database, dataDir}: Settings): Promise<string> {
  if (jwt.secret !== undefined) return jwt.secret;
  if (database || jwt.jwksUri) {
    const message = 'is missing: tokens are signed with it, or by the issuer of JWT_JWKS_URI alone';
    throw wrong('JWT_SECRET', message);
  }
  return keptSecret(dataDir);
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
