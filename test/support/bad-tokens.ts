import {createHmac, generateKeyPairSync, sign} from 'node:crypto';

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Claims that would permit everything, were they believed. */
const claims = () => ({
  ...{sub: 'mallory', tenantId: 'acme', permissions: ['1', '2', '5', '6', '7']},
  exp: Math.floor(Date.now() / 1_000) + 3_600,
});

/** A token as its header and claims say, signed by whatever is given. */
const token = (header: object, payload: object, signature: (content: string) => string): string => {
  const content = `${encoded(header)}.${encoded(payload)}`;
  return `${content}.${signature(content)}`;
};

const hmac = (secret: string) => (content: string) =>
  createHmac('sha256', secret).update(content).digest('base64url');

const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2_048});
const rsa = (content: string) => sign('sha256', Buffer.from(content), privateKey).toString('base64url');

export interface BadToken {
  what: string;
  /** The whole Authorization header; none where it is undefined. */
  authorization: string | undefined;
  code: string;
}

/** Authorizations that let nobody in. @param secret the service's own, for tokens that are wrong in another way */
export function badTokens(secret: string): BadToken[] {
  const hs256 = {alg: 'HS256', typ: 'JWT'};
  const sound = token(hs256, claims(), hmac(secret));
  const [header = '', payload = '', signature = ''] = sound.split('.');
  const richer = encoded({...claims(), tenantId: 'rival'});
  const signed = (changes: object) => token(hs256, {...claims(), ...changes}, hmac(secret));
  const bearer = (what: string, text: string, code = 'INVALID_TOKEN') => ({
    ...{what, authorization: `Bearer ${text}`, code},
  });
  return [
    {what: 'no token', authorization: undefined, code: 'UNAUTHENTICATED'},
    {what: 'an empty header', authorization: '', code: 'INVALID_TOKEN'},
    {what: 'another scheme', authorization: 'Basic YTpi', code: 'INVALID_TOKEN'},
    {what: 'a token without a scheme', authorization: sound, code: 'INVALID_TOKEN'},
    bearer('garbage', 'garbage'),
    bearer('garbage in three parts', 'a.b.c'),
    bearer('a very long token', 'a'.repeat(8_000)),
    bearer('a token of another secret', token(hs256, claims(), hmac('another secret, 32 bytes or more too'))),
    bearer('a token signed with nothing', token(hs256, claims(), hmac(''))),
    bearer('a token without its signature', `${header}.${payload}.`),
    bearer('a token whose claims were changed', `${header}.${richer}.${signature}`),
    bearer(
      'alg: none',
      token({alg: 'none', typ: 'JWT'}, claims(), () => ''),
    ),
    bearer(
      'alg: None',
      token({alg: 'None'}, claims(), () => ''),
    ),
    bearer('alg: none with a signature', token({alg: 'none'}, claims(), hmac(secret))),
    bearer('alg: HS512', token({alg: 'HS512'}, claims(), hmac(secret))),
    bearer('a key of its own', token({alg: 'RS256', jwk: {}}, claims(), rsa)),
    bearer('no alg', token({}, claims(), hmac(secret))),
    bearer('an unknown critical header', token({...hs256, crit: ['x'], x: 1}, claims(), hmac(secret))),
    bearer('a payload that is not JSON', `${header}.bm90IGpzb24.${hmac(secret)(`${header}.bm90IGpzb24`)}`),
    bearer('a payload that is a list', token(hs256, [], hmac(secret))),
    bearer('an expired token', signed({exp: Math.floor(Date.now() / 1_000) - 60}), 'TOKEN_EXPIRED'),
    bearer('an expiry that is text', signed({exp: 'never'})),
    bearer('a token of the future', signed({nbf: Math.floor(Date.now() / 1_000) + 3_600})),
    bearer('no subject', signed({sub: undefined})),
    bearer('an empty subject', signed({sub: ''})),
    bearer('a subject that is an object', signed({sub: {}})),
    bearer('a subject with a NUL', signed({sub: 'a\0'})),
    bearer('a subject with a lone surrogate', signed({sub: '\ud800'})),
    bearer('a subject no index can hold', signed({sub: '審'.repeat(900)})),
    bearer('an empty tenant', signed({tenantId: ''})),
    bearer('a tenant with a space', signed({tenantId: 'acme corp'})),
    bearer('a tenant that is a list', signed({tenantId: ['acme', 'rival']}), 'INVALID_TOKEN'),
    bearer('a tenant that is an object', signed({tenantId: {}})),
    bearer('permissions that are text', signed({permissions: '1,2,5,6'})),
    bearer('an unknown actor type', signed({actorType: 'god'})),
  ];
}

/** A token that is signed as it must be, with these claims in place of those that permit everything. */
export const signedToken = (secret: string, changes: object): string =>
  token({alg: 'HS256'}, {...claims(), ...changes}, hmac(secret));
