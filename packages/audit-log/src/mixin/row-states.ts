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
    select.sql + (lock ? ' FOR UPDATE' : ''),
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
export async function* lockedPages<M extends Entity, ID>(
  repository: Auditable<M, ID>,
  where: Where<M> | undefined,
  options: Options,
): AsyncGenerator<RowState[]> {
  const idName = idOf(repository.entityClass);
  let last: unknown;
  for (;;) {
    const beyond = last === undefined ? {} : {[idName]: {gt: last}};
    const filter = {where: {and: [where ?? {}, beyond]}, order: [`${idName} ASC`], limit: PAGE_SIZE};
    const page = await readRows(repository, filter as unknown as Filter<M>, options, true);
    if (page.length > 0) yield page;
    if (page.length < PAGE_SIZE) return;
    last = page.at(-1)?.key;
  }
}

/** The condition that means exactly these rows. */
export function exactly<M extends Entity, ID>(
  repository: Auditable<M, ID>,
  keys: readonly unknown[],
): Where<M> {
  return {[idOf(repository.entityClass)]: {inq: keys}} as unknown as Where<M>;
}

/**
 * The one property that identifies an entity.
 *
 * @throws Error where the model has none, or several: its rows could not be told apart in the trail
 */
export function idOf(entityClass: typeof Entity): string {
  const [name, ...more] = entityClass.getIdProperties();
  if (name === undefined || more.length > 0) {
    throw new Error(`${entityClass.modelName} must have exactly one id property to be audited.`);
  }
  return name;
}

/** Decimals and big integers come as text; the model has numbers where it says so. */
export const modelled = (type: unknown, value: unknown): unknown =>
  (type === Number || type === 'number') && typeof value === 'string' ? Number(value) : value;

const rowState = (values: Record<string, unknown>, idName: string): RowState => ({
  key: values[idName],
  id: String(values[idName]),
  state: jsonOfProperties(values),
});

function propertiesOf(entity: Entity, entityClass: typeof Entity): Record<string, unknown> {
  const values = entity as unknown as Record<string, unknown>;
  return Object.fromEntries(Object.keys(entityClass.definition.properties).map(name => [name, values[name]]));
}
