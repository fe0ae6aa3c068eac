import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {
  type AuditContext,
  AuditLogger,
  type AuditSink,
  auditContext,
  audited,
  currentContext,
  type DeliveryFailure,
  deliveryFailures,
  type SinkEntry,
  withContext,
} from '@loopback-audit/audit-log';

const collecting = () => {
  const entries: SinkEntry[] = [];
  const sink: AuditSink = {
    async deliver(delivered) {
      entries.push(...delivered);
    },
  };
  return {entries, logger: new AuditLogger(sink)};
};

describe('AuditLogger', () => {
  test('records an event with who, what and how it ended; secrets in its details are withheld', async () => {
    const {entries, logger} = collecting();
    await logger.record({
      action: 'order.pay',
      actor: {id: 'jane', type: 'user', email: 'jane@example.com'},
      resource: {type: 'order', id: '1'},
      outcome: 'failure',
      reason: 'no funds',
      details: {amount: 10, card: {cvv: '123'}},
    });
    const {id, actedAt, ...entry} = entries[0] ?? {};
    assert.match(String(id), /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    assert.ok(!Number.isNaN(Date.parse(String(actedAt))));
    assert.deepEqual(entry, {
      action: 'order.pay',
      actor: 'jane',
      actorType: 'user',
      actorEmail: 'jane@example.com',
      actedOn: 'order',
      entityId: '1',
      outcome: 'failure',
      reason: 'no funds',
      metadata: {amount: 10, card: {cvv: '[withheld]'}},
    });
  });

  test('has words of its own for logins, access and changes', async () => {
    const {entries, logger} = collecting();
    await logger.logLogin('jane', false, {attempt: 3});
    await logger.logDataAccess('jane', 'patient', '7');
    await logger.logDataChange('jane', 'patient', '7', 'update', {before: {a: 1}, after: {a: 2}});
    assert.deepEqual(
      entries.map(({action, outcome, actedOn, entityId}) => [action, outcome, actedOn, entityId]),
      [
        ['user.login', 'failure', 'session', undefined],
        ['patient.read', undefined, 'patient', '7'],
        ['patient.update', undefined, 'patient', '7'],
      ],
    );
    assert.deepEqual(entries[2]?.after, {a: 2});
  });

  test('carries the context to code deep below, across what it awaits, and out of sight of other requests', async () => {
    const {entries, logger} = collecting();
    const request = async (tenantId: string) =>
      logger.withContext({tenantId, actor: tenantId}, async () => {
        await new Promise(done => setTimeout(done, Math.random() * 5));
        await logger.record({action: 'deep.down'});
      });
    await Promise.all(['a', 'b', 'c'].map(request));
    assert.deepEqual(entries.map(({tenantId, actor}) => `${tenantId}${actor}`).sort(), ['aa', 'bb', 'cc']);
  });

  test('refuses details that refer to themselves, and says which', async () => {
    const {entries, logger} = collecting();
    const circular: Record<string, unknown> = {name: 'a'};
    circular.self = {again: [circular]};
    for (const name of ['details', 'before', 'after']) {
      await assert.rejects(logger.record({action: 'order.pay', [name]: circular}), {
        name: 'TypeError',
        message: new RegExp(`\`${name}\` has no JSON: it refers to itself`),
      });
    }
    const twice = {a: 1};
    await logger.record({action: 'order.pay', details: {first: twice, second: twice}});
    assert.equal(entries.length, 1);
  });

  test('without an actor and a context the actor is the system', async () => {
    const {entries, logger} = collecting();
    await logger.record({action: 'cron.run'});
    assert.deepEqual([entries[0]?.actor, entries[0]?.actorType], ['system', 'system']);
  });
});

describe('auditContext, the middleware of Express', () => {
  const seen = (
    headers: Record<string, string>,
  ): {context: AuditContext; answered: Record<string, string>} => {
    const answered: Record<string, string> = {};
    let context: AuditContext = {};
    auditContext()(
      {headers, method: 'POST', originalUrl: '/orders?secret=1', ip: '192.0.2.1'},
      {
        setHeader(name: string, value: string) {
          answered[name] = value;
        },
      },
      () => {
        context = currentContext();
      },
    );
    return {context, answered};
  };

  test('gives request id, trace id, address, user agent, method and path without its query', () => {
    const {context, answered} = seen({
      'x-request-id': 'r-1',
      'user-agent': 'curl',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    assert.deepEqual(context, {
      requestId: 'r-1',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      ip: '192.0.2.1',
      userAgent: 'curl',
      method: 'POST',
      path: '/orders',
    });
    assert.equal(answered['X-Request-Id'], 'r-1');
  });

  test('makes a request id of its own in place of one that is no plain name', () => {
    const {context} = seen({'x-request-id': 'two\nlines'});
    assert.match(context.requestId ?? '', /^[\da-f-]{36}$/);
  });
});

describe('the tenant of a request of Express', () => {
  const tenantOf = (request: object, options?: Parameters<typeof auditContext>[0]): string | undefined => {
    let context: AuditContext = {};
    auditContext(options)({headers: {}, ...request}, {setHeader() {}}, () => {
      context = currentContext();
    });
    assert.equal('tenantId' in context, context.tenantId !== undefined);
    return context.tenantId;
  };

  test('is that of the user that has been authenticated', () => {
    assert.equal(tenantOf({user: {id: 'jane', tenantId: 7}}), '7');
  });

  test('is none without a user, and with one who belongs to none', () => {
    for (const user of [undefined, null, 'jane', {}, {tenantId: null}])
      assert.equal(tenantOf({user}), undefined);
  });

  test('is what the option says, whatever the user says', () => {
    const tenant = ({headers}: {headers: Readonly<Record<string, unknown>>}) => headers['x-shop'] as string;
    const user = {tenantId: 'acme'};
    assert.equal(tenantOf({user, headers: {'x-shop': 'corner'}}, {tenant}), 'corner');
    assert.equal(tenantOf({user}, {tenant: () => null}), undefined);
  });
});

describe('@audited()', () => {
  class Invoices {
    constructor(readonly auditLogger: AuditLogger) {}

    @audited('invoice.approve', ([id]: [string]) => ({resource: {type: 'invoice', id}}))
    async approve(id: string): Promise<string> {
      if (id === 'bad') throw new RangeError('no such invoice');
      return `approved ${id}`;
    }
  }

  test('records a success, and answers what the method answers', async () => {
    const {entries, logger} = collecting();
    assert.equal(await new Invoices(logger).approve('1'), 'approved 1');
    const [{action, outcome, actedOn, entityId} = {} as SinkEntry] = entries;
    assert.deepEqual([action, outcome, actedOn, entityId], ['invoice.approve', 'success', 'invoice', '1']);
  });

  test('records a failure with its reason, and throws what the method throws', async () => {
    const {entries, logger} = collecting();
    await assert.rejects(new Invoices(logger).approve('bad'), RangeError);
    assert.deepEqual([entries[0]?.outcome, entries[0]?.reason], ['failure', 'no such invoice']);
  });
});

describe('@audited(), where recording fails,', () => {
  /** A class whose calls are described and recorded as given. */
  const invoices = (describe: () => object, record: AuditLogger['record']) => {
    class Invoices {
      readonly auditLogger = {record};

      @audited('invoice.approve', describe)
      async approve(id: string): Promise<string> {
        if (id === 'bad') throw new RangeError('no such invoice');
        return `approved ${id}`;
      }
    }
    return new Invoices();
  };
  const cannot = (what: string) => () => {
    throw new Error(`cannot ${what}`);
  };
  /** What is told while `work` runs. */
  const toldOf = async (work: () => Promise<void>) => {
    const told: DeliveryFailure[] = [];
    const hear = (failure: DeliveryFailure) => told.push(failure);
    deliveryFailures.on('failure', hear);
    await work();
    deliveryFailures.off('failure', hear);
    return told;
  };

  test('the method ends as it ends, and the entry that was lost is told', async () => {
    const told = await toldOf(async () => {
      const sinkIsDown = invoices(
        () => ({resource: 'invoice'}),
        async () => cannot('record')(),
      );
      assert.equal(await sinkIsDown.approve('1'), 'approved 1');
      await assert.rejects(sinkIsDown.approve('bad'), {name: 'RangeError', message: 'no such invoice'});
    });
    assert.deepEqual(
      told.map(({entries: [entry], error}) => [entry?.actedOn, entry?.outcome, (error as Error).message]),
      [
        ['invoice', 'success', 'cannot record'],
        ['invoice', 'failure', 'cannot record'],
      ],
    );
  });

  test('what cannot be described is recorded without', async () => {
    const {entries, logger} = collecting();
    const told = await toldOf(async () => {
      const undescribed = invoices(cannot('describe'), event => logger.record(event));
      assert.equal(await undescribed.approve('1'), 'approved 1');
      await assert.rejects(undescribed.approve('bad'), {name: 'RangeError', message: 'no such invoice'});
    });
    assert.deepEqual(
      entries.map(({action, outcome, reason}) => [action, outcome, reason]),
      [
        ['invoice.approve', 'success', undefined],
        ['invoice.approve', 'failure', 'no such invoice'],
      ],
    );
    assert.deepEqual(
      told.map(({error}) => (error as Error).message),
      ['cannot describe', 'cannot describe'],
    );
  });
});

test('withContext adds to the context that is there', () => {
  withContext({tenantId: 'a', actor: 'x'}, () =>
    withContext({actor: 'y'}, () => assert.deepEqual(currentContext(), {tenantId: 'a', actor: 'y'})),
  );
  assert.deepEqual(currentContext(), {});
});
