import {DefaultCrudRepository, Entity, juggler, model, property} from '@loopback/repository';
import {
  AuditRepositoryMixin,
  createOutbox,
  type IAuditMixinOptions,
  OUTBOX_COLUMNS,
  outboxEntry,
  outboxSink,
  type SinkEntry,
  type User,
} from '@loopback-audit/audit-log';
import {createTestDatabase, type TestDatabase} from './test-database';

@model({settings: {hiddenProperties: ['password'], postgresql: {table: 'product'}}})
export class Product extends Entity {
  @property({type: 'number', id: true, generated: true})
  id?: number;

  @property({type: 'string', required: true})
  name!: string;

  @property({type: 'number', postgresql: {dataType: 'numeric'}})
  price?: number;

  @property({type: 'string'})
  password?: string;

  /** Given by the database. */
  @property({type: 'string'})
  state?: string;

  @property({type: 'date'})
  modifiedOn?: Date;

  @property({type: 'object', postgresql: {dataType: 'jsonb'}})
  detail?: object;

  constructor(data?: Partial<Product>) {
    super(data);
  }
}

export interface Shop {
  db: TestDatabase;
  dataSource: juggler.DataSource;
  /** What the outbox holds, in order. */
  entries(): Promise<SinkEntry[]>;
  stop(): Promise<void>;
}

/** A database of products with an outbox beside them. */
export async function openShop(template = 'template0'): Promise<Shop> {
  const db = await createTestDatabase(template);
  const {ssl: _ssl, ...connection} = db.settings;
  const dataSource = new juggler.DataSource('shop', {
    connector: require('loopback-connector-postgresql'),
    ...connection,
    max: 20,
    lazyConnect: true,
    onError: () => {},
  });
  await dataSource.connect();
  await db.admin.query(`CREATE TABLE product (
    id serial PRIMARY KEY, name text NOT NULL, price numeric, password text,
    state text DEFAULT 'new', modifiedon timestamptz, detail jsonb)`);
  await createOutbox(dataSource);
  return {
    db,
    dataSource,
    async entries() {
      const {rows} = await db.admin.query(`SELECT ${OUTBOX_COLUMNS} FROM audit_outbox ORDER BY position`);
      return rows.map(outboxEntry);
    },
    async stop() {
      await dataSource.disconnect();
      await db.drop();
    },
  };
}

export type ProductRepository = DefaultCrudRepository<Product, number> & {
  getCurrentUser?: (() => Promise<User | undefined>) | undefined;
};

/** A repository of products whose changes are recorded in the outbox, unless the options say otherwise. */
export function productRepository(
  shop: Pick<Shop, 'dataSource'>,
  options: IAuditMixinOptions = {},
): ProductRepository {
  class Repository extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {
    sink: outboxSink,
    ...options,
  }) {}
  return new Repository(Product, shop.dataSource) as ProductRepository;
}
