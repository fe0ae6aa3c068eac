import type {Entity, juggler} from '@loopback/repository';
import type {ChangePolicy} from '../diff/change';
import {masking} from '../diff/mask';
import {type NamingConnector, type RecordedTable, recordedTable} from '../statement/recorded-table';
import {isRecordable} from '../statement/statement-recorder';
import type {ExtraColumns, IAuditMixinOptions} from '../types';
import {extraColumns} from './extra-columns';
import {idNamesOf} from './row-states';

/** How the rows of a model are recorded by a mixin. */
export interface RecordedModel {
  policy: ChangePolicy;
  /** The id must not be shown as it is. */
  isIdMasked: boolean;
  /** Columns of the entry that the mixin fills in. */
  columns: ExtraColumns;
  /** Its table, where the statements of the connector can tell of what they change. */
  table?: RecordedTable;
}

type Models = WeakMap<typeof Entity, RecordedModel>;

/** Worked out once: repositories come and go with the requests. */
const known = new WeakMap<IAuditMixinOptions, WeakMap<object, Models>>();

/** How the rows of a model are recorded by the mixin that has these options, on a datasource. */
export function recordedModel(
  options: IAuditMixinOptions,
  entityClass: typeof Entity,
  dataSource: juggler.DataSource,
): RecordedModel {
  const byConnector = within(known, options, () => new WeakMap<object, Models>());
  const models = within(byConnector, dataSource.connector ?? dataSource, (): Models => new WeakMap());
  return within(models, entityClass, () => modelOf(options, entityClass, dataSource));
}

function modelOf(
  options: IAuditMixinOptions,
  entityClass: typeof Entity,
  dataSource: juggler.DataSource,
): RecordedModel {
  const {mask = [], ignore = []} = options;
  const hidden: readonly string[] = entityClass.definition.settings.hiddenProperties ?? [];
  const policy = {isMasked: masking(hidden, mask), ignored: ignore};
  const columns = extraColumns(options);
  const ids = idNamesOf(entityClass);
  const model = {policy, columns, isIdMasked: ids.some(policy.isMasked)};
  if (!isRecordable(dataSource)) return model;
  const connector = dataSource.connector as unknown as NamingConnector;
  const masked = typeof mask === 'function' ? hidden : [...hidden, ...mask];
  return {...model, table: recordedTable(entityClass, ids, connector, policy, masked)};
}

function within<K extends WeakKey, V>(values: WeakMap<K, V>, key: K, make: () => V): V {
  const value = values.get(key) ?? make();
  values.set(key, value);
  return value;
}
