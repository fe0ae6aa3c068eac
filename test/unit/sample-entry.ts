import type {AuditEntry} from '@loopback-audit/audit-log';

/** An entry with the required properties alone, numbered so that two are never alike. */
export const smallEntry = (number: number): AuditEntry => ({
  id: `01890a5d-ac96-774b-bcce-${number.toString(16).padStart(12, '0')}`,
  tenantId: 'acme',
  action: 'order.update',
  actedAt: '2026-11-22T03:10:59.123456Z',
  recordedAt: '2026-11-22T03:11:00.000001Z',
  actor: `user-${number}`,
  actorType: 'user',
  outcome: 'success',
  severity: 'info',
});

/** An entry with every property. */
export const fullEntry = (number: number): AuditEntry => ({
  ...smallEntry(number),
  actionKey: 'ORDER',
  actionGroup: 'sales',
  actorName: 'Jane "JD" Doe, Jr.',
  actorEmail: 'jane@example.com',
  onBehalfOf: 'customer-7',
  actedOn: 'Order',
  entityId: '0042',
  entityName: '=HYPERLINK("https://example.com")',
  relatedEntities: [{type: 'Customer', id: '7'}],
  before: {status: 'open', total: 10.5, lines: [1, null, {sku: 'a,"b"\r\n'}]},
  after: {status: 'paid', total: -0.25, nested: {deep: {deeper: true}}},
  changedFields: ['status', 'total'],
  reason: 'line one\r\nline two\nline three\rend',
  errorCode: '',
  category: 'data',
  description: ' padded\t',
  requestId: "'quoted",
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  sessionId: 's-1',
  ip: '2001:db8::1',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
  method: 'PATCH',
  path: '/orders/42?expand=lines',
  serviceName: 'orders',
  serviceVersion: '1.2.3',
  dataClassification: 'CONFIDENTIAL',
  dataSubjectId: '7',
  legalBasis: 'contract',
  metadata: {'dotted.key': {a: '😀 \u0000'}, list: []},
  tags: ['a,b', '', '\ufeffbom'],
  leafIndex: number,
  leafHash: 'ab'.repeat(32),
  salt: '0f'.repeat(16),
});

/** Pages of entries, and a count of how many were taken and whether the source was released. */
export class CountedPages implements AsyncIterable<readonly AuditEntry[]> {
  pulled = 0;
  returned = false;

  constructor(
    private readonly pages: number,
    private readonly entry: (number: number) => AuditEntry = fullEntry,
    private readonly size = 100,
  ) {}

  async *[Symbol.asyncIterator]() {
    try {
      for (; this.pulled < this.pages; ) {
        const first = this.pulled++ * this.size;
        yield Array.from({length: this.size}, (_, index) => this.entry(first + index));
      }
    } finally {
      this.returned = true;
    }
  }
}
