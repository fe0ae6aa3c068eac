import type {NewAuditEntry} from '@loopback-audit/audit-log';

/** An entry of about 800 bytes as JSON, such as an application records; the n-th is the same in every run. */
export const benchEntry = (n: number): NewAuditEntry => ({
  action: ['order.approve', 'order.update', 'invoice.send', 'user.login'][n % 4] as string,
  actor: `user-${(n * 7) % 2_000}`,
  actorName: `Person No. ${(n * 7) % 2_000}`,
  actedOn: 'Order',
  entityId: String((n * 13) % 20_000),
  before: {status: 'open', total: n % 100_000, note: 'as agreed with the customer on the phone'},
  after: {status: 'approved', total: n % 100_000, note: 'Jürgen says: "fine", by the second pair of eyes'},
  changedFields: ['status', 'note'],
  outcome: n % 50 === 0 ? 'failure' : 'success',
  severity: 'info',
  category: 'data',
  requestId: `request-${n.toString(16).padStart(24, '0')}`,
  ip: `10.${(n >> 16) % 256}.${(n >> 8) % 256}.${n % 256}`,
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0',
  method: 'PATCH',
  path: `/orders/${(n * 13) % 20_000}`,
  serviceName: 'orders',
  metadata: {region: `eu-${n % 7}`, attempt: n % 3, flags: ['a', 'b']},
});
