import {createHash} from 'node:crypto';
import {BindingKey} from '@loopback/core';
import {securityId, type UserProfile} from '@loopback/security';

/** Whom an API key belongs to, and what its holder may do in the audit trail. */
export interface ApiKey {
  /** SHA-256 of the key, hexadecimal: the key itself is nowhere. */
  sha256: string;
  holder: string;
  /** The shop that the holder works for, which is its tenant in the audit trail. */
  shop?: string;
  /** Names of the audit service's permissions. */
  permissions: readonly string[];
}

export const API_KEYS = BindingKey.create<readonly ApiKey[]>('shop.api-keys');

export const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The holder as LoopBack's user profile. The audit service reads `tenantId` and `permissions` from it. */
export const profileOf = ({holder, shop, permissions}: ApiKey): UserProfile => ({
  [securityId]: holder,
  name: holder,
  ...(shop !== undefined && {tenantId: shop}),
  permissions,
});
