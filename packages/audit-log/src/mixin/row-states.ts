import type {Entity, Filter, Options, Where} from '@loopback/repository';
import {jsonOfProperties} from '../diff/json-of';
import type {JsonObject} from '../entry';
import type {Auditable} from '../types';
import {sqlConnectorOf} from './transaction';

/** Rows of one page of a bulk operation. */
export const PAGE_SIZE = 500;

/** A row as the database holds it: the id as a value and as text, and every property as JSON. */
export interface RowState {
  key: unknown;
  id: string;
  state: JsonObject;
}

/**
 * Reads rows as the database holds them, hidden properties and defaults of the database included, relations
 * left out. With `lock`, and where the database speaks SQL, they stay as they are until the transaction ends.
 */
export async function readRows<M extends Entity, ID>(
  repository: Auditable<M, ID>,
  filter: Filter<M>,
  options: Options,
  lock = false,
): Promise<RowState[]> {
  const {entityClass, dataSource} = repository;
  const idName = idOf(entityClass);
  const connector = sqlConnectorOf(dataSource);
  if (!connector) {
    const found = await repository.find(filter, options);
    return found.map(entity => rowState(propertiesOf(entity, entityClass), idName));
  }
  const {modelName, definition} = entityClass;
  const modelClass = (repository as unknown as {modelClass: NormalizingModel}).modelClass;
  const normalized = modelClass._normalize({...filter}, options);
  const select = connector.buildSelect(modelName, normalized, options);
  const rows = (await dataSource.execute(
    select.sql + (lock && LOCKING.has(connector.name) ? ' FOR UPDATE' : ''),
    select.params,
    options,
  )) as object[];
  return rows.map(row => {
    const values = connector.fromRow(modelName, row);
    const known = Object.entries(definition.properties).map(([name, {type}]) => [
      name,
      modelled(type, values[name]),
    ]);
    return rowState(Object.fromEntries(known), idName);
  });
}

/** Juggler's model class, which turns a filter into what its connector expects. */
interface NormalizingModel {
  _normalize(filter: object, options: object): object;
}

/** Rows under a condition, a page at a time in the order of their ids, each page locked when it comes. */
export const lockedPages = <M extends Entity, ID>(
  repository: Auditable<M, ID>,
  where: Where<M> | undefined,
  options: Options,
): AsyncGenerator<RowState[]> =>
  pages(repository, where, filter => readRows(repository, filter, options, true));

/** The ids of rows under a condition, a page at a time in their order. */
export async function* keyPages<M extends Entity, ID>(
  repository: Auditable<M, ID>,
  where: Where<M> | undefined,
  options: Options,
): AsyncGenerator<unknown[]> {
  const fields = [idOf(repository.entityClass)];
  const read = (filter: Filter<M>) => readRows(repository, {...filter, fields} as Filter<M>, options);
  for await (const page of pages(repository, where, read)) yield page.map(row => row.key);
}

async function* pages<M extends Entity, ID>(
  repository: Auditable<M, ID>,
  where: Where<M> | undefined,
  read: (filter: Filter<M>) => Promise<RowState[]>,
): AsyncGenerator<RowState[]> {
  const idName = idOf(repository.entityClass);
  let last: unknown;
  for (;;) {
    const beyond = last === undefined ? {} : {[idName]: {gt: last}};
    const filter = {where: {and: [where ?? {}, beyond]}, order: [`${idName} ASC`], limit: PAGE_SIZE};
    const page = await read(filter as unknown as Filter<M>);
    for (const {key} of page) refuseInexact(key);
    if (page.length > 0) yield page;
    if (page.length < PAGE_SIZE) return;
    last = page.at(-1)?.key;
  }
}

/** A number that JavaScript cannot hold would mean another row. */
function refuseInexact(key: unknown): void {
  if (typeof key !== 'number' || Number.isSafeInteger(key) || !Number.isInteger(key)) return;
  throw new Error(
    `The id ${key} is beyond what a number holds exactly: give the property the type 'string'.`,
  );
}

/** The condition that means exactly these rows. */
export function exactly<M extends Entity, ID>(
  repository: Auditable<M, ID>,
  keys: readonly unknown[],
): Where<M> {
  return {[idOf(repository.entityClass)]: {inq: keys}} as unknown as Where<M>;
}

/**
 * The properties that identify an entity.
 *
 * @throws Error where the model has none: its rows could not be told apart in the trail
 */
export function idNamesOf(entityClass: typeof Entity): string[] {
  const names = entityClass.getIdProperties();
  if (names.length === 0) throw new Error(`${entityClass.modelName} must have an id property to be audited.`);
  return names;
}

/**
 * The one property that identifies an entity.
 *
 * @throws Error where it has several, which only the statements of PostgreSQL can tell
 */
export function idOf(entityClass: typeof Entity): string {
  const [name = '', ...more] = idNamesOf(entityClass);
  if (more.length === 0) return name;
  throw new Error(`${entityClass.modelName} has a composite id, which cannot be audited in this way.`);
}

/** Decimals and big integers come as text; the model has numbers where it says so. */
export const modelled = (type: unknown, value: unknown): unknown =>
  (type === Number || type === 'number') && typeof value === 'string' ? Number(value) : value;

/** Connectors of databases whose SELECT takes FOR UPDATE. */
const LOCKING = new Set(['postgresql', 'mysql', 'mariadb', 'oracle', 'cockroachdb']);

const rowState = (values: Record<string, unknown>, idName: string): RowState => ({
  key: values[idName],
  id: String(values[idName]),
  state: jsonOfProperties(values),
});

function propertiesOf(entity: Entity, entityClass: typeof Entity): Record<string, unknown> {
  const values = entity as unknown as Record<string, unknown>;
  return Object.fromEntries(Object.keys(entityClass.definition.properties).map(name => [name, values[name]]));
}
