import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DefaultCrudRepository, juggler} from '@loopback/repository';
import {
  type AuditEntry,
  AuditLog,
  HttpSink,
  Journal,
  OutboxRelay,
  outboxOf,
  repositorySink,
} from '@loopback-audit/audit-log';
import {EVERYTHING} from '../../dist/models/condition';
import {readOrder} from '../../dist/query/order';
import {findEntries} from '../../dist/repositories/find-entries';
import {relayIntoTrail} from '../../dist/repositories/relay-entries';
import {openShop} from '../support/audited-products';
import {eventually} from '../support/eventually';
import {startTestService, type TestService} from '../support/test-service';
import {auditSinkContract, type SinkUnderTest} from './audit-sink.contract';

/** The trail of a service, oldest first. */
async function trail(service: TestService, count: number): Promise<AuditEntry[]> {
  return eventually(`${count} entries`, async () => {
    const {json} = await service.send('/audit-logs?order=recordedAt&limit=1000');
    const entries = json as AuditEntry[];
    return entries.length >= count ? entries : undefined;
  });
}

async function httpSink(): Promise<SinkUnderTest & {service: TestService}> {
  const service = await startTestService();
  const sink = new HttpSink({url: service.url, token: () => service.token()});
  return {service, sink, arrived: count => trail(service, count), close: () => service.stop()};
}

auditSinkContract('HttpSink', httpSink);

auditSinkContract('Journal', async () => {
  const {service, sink: target, arrived} = await httpSink();
  const folder = await mkdtemp(join(tmpdir(), 'audit-journal-'));
  const journal = new Journal({folder, target});
  await journal.start();
  return {
    sink: journal,
    arrived,
    async close() {
      await journal.stop();
      await service.stop();
      await rm(folder, {recursive: true, force: true});
    },
  };
});

auditSinkContract('the outbox and its relay', async () => {
  const shop = await openShop('audit');
  const relay = new OutboxRelay({dataSource: shop.dataSource, forward: relayIntoTrail(shop.db.database)});
  relay.start();
  const {database} = shop.db;
  return {
    sink: outboxOf(shop.dataSource),
    arrived: count =>
      eventually(`${count} entries`, async () => {
        const entries = await database.transaction({role: 'audit_reader', tenantId: 'acme'}, session =>
          findEntries(session, 'acme', {
            condition: EVERYTHING,
            order: readOrder('recordedAt ASC'),
            limit: 100_000,
          }),
        );
        return entries.length >= count ? entries : undefined;
      }),
    async close() {
      await relay.stop();
      await shop.stop();
    },
  };
});

auditSinkContract('repositorySink', async () => {
  const dataSource = new juggler.DataSource({name: 'AuditDB', connector: 'memory'});
  const repository = new DefaultCrudRepository(AuditLog, dataSource);
  return {
    sink: repositorySink(async () => repository),
    arrived: async () => (await repository.find()).map(entry => entry.toJSON() as Partial<AuditEntry>),
    async close() {
      await dataSource.disconnect();
    },
  };
});

auditSinkContract('repositorySink on PostgreSQL', async () => {
  const shop = await openShop();
  const repository = new DefaultCrudRepository(AuditLog, shop.dataSource);
  await shop.dataSource.automigrate(AuditLog.modelName);
  return {
    sink: repositorySink(async () => repository),
    arrived: async () => {
      const entries = await repository.find();
      return entries.map(entry => ({...entry.toJSON(), actedAt: new Date(entry.actedAt).toISOString()}));
    },
    close: () => shop.stop(),
  };
});
