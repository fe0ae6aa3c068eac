import type {AuthenticationStrategy} from '@loopback/authentication';
import {inject} from '@loopback/core';
import {HttpErrors, type Request} from '@loopback/rest';
import type {UserProfile} from '@loopback/security';
import {API_KEYS, type ApiKey, profileOf, sha256} from './api-key';

/** Callers by `Authorization: Bearer` with one of the shop's own API keys. */
export class ApiKeyStrategy implements AuthenticationStrategy {
  static readonly strategyName = 'api-key';
  readonly name = ApiKeyStrategy.strategyName;

  constructor(@inject(API_KEYS) private readonly keys: readonly ApiKey[]) {}

  async authenticate(request: Request): Promise<UserProfile> {
    const [, key] = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    const known = key === undefined ? undefined : this.keys.find(each => each.sha256 === sha256(key));
    if (!known) throw new HttpErrors.Unauthorized('Send one of the API keys of the shop.');
    return profileOf(known);
  }
}
