import type {DataObject, Entity} from '@loopback/repository';
import type {Action} from '../action';
import type {RowChange} from '../diff/change';
import {jsonOfProperties} from '../diff/json-of';
import type {JsonObject} from '../entry';
import type {Auditable, AuditOptions, ExtraColumns, IAuditMixinOptions} from '../types';
import type {Host} from './recorded-operation';
import {Recorder} from './recorder';
import {idOf, modelled} from './row-states';
import {inTransaction} from './transaction';

/** What a row was and is, by the names of the model's properties; one of the two may be absent. */
type States<M extends Entity> =
  | {before: DataObject<M>; after?: DataObject<M>}
  | {before?: DataObject<M>; after: DataObject<M>};

/**
 * A change of one row that was made past the repository's methods, such as by `execute()` with SQL, as the
 * caller tells it. Columns of the entry may be given beside, and win over those of the options.
 *
 * Where both states are told they should tell of the same properties: one that a state leaves out counts as
 * null in it.
 */
export type ToldChange<M extends Entity, ID> = Omit<ExtraColumns, 'entityId'> & {
  action: `${Action}`;
  entityId: NonNullable<ID>;
} & States<M>;

/** A repository that can be told of changes. */
export interface ChangeRecording<M extends Entity, ID> {
  /**
   * Records changes that were made past the repository's methods, exactly as if the methods had made them: by
   * the same masks, actor, context, columns, sink and delivery. States that do not differ give no entry, unless
   * the mixin has `recordUnchanged`.
   *
   * With `options.transaction`, the one in which the changes were made, the entries are committed and rolled
   * back with them. Several changes are recorded together, in their order.
   *
   * @throws AuditRequiredError where the delivery is before the commit and fails: roll the changes back
   * @throws TypeError where a change has no `entityId`, or a state names what is no property of the model
   */
  recordChange(
    change: ToldChange<M, ID> | readonly ToldChange<M, ID>[],
    options?: AuditOptions,
  ): Promise<void>;
}

/** Changes that follow one another and share their action and columns: the entries of one delivery. */
interface Alike {
  action: Action;
  columns: ExtraColumns;
  rows: RowChange[];
}

/** Records what was told, also in the midst of an operation of the repository: that has not seen it. */
export async function recordTold<M extends Entity, ID>(
  host: Host<M, ID>,
  options: IAuditMixinOptions,
  changes: readonly ToldChange<M, ID>[],
  call: AuditOptions = {},
): Promise<void> {
  const groups = alike(host.entityClass, changes);
  if (call.noAudit || groups.length === 0) return;
  await inTransaction(host.dataSource, call, async (_options, transaction) => {
    for (const {action, columns, rows} of groups) {
      const recorder = await Recorder.of(host, options, {...call, ...columns});
      await recorder.record(action, rows, transaction);
    }
  });
}

function alike<M extends Entity, ID>(
  entityClass: Auditable<M, ID>['entityClass'],
  changes: readonly ToldChange<M, ID>[],
): Alike[] {
  const groups: Alike[] = [];
  let last: string | undefined;
  for (const {action, entityId, before, after, ...columns} of changes) {
    const shared = JSON.stringify([action, columns]);
    if (shared !== last) groups.push({action: action as Action, columns, rows: []});
    last = shared;
    if (entityId === undefined || entityId === null) throw new TypeError('A change needs its entityId.');
    groups.at(-1)?.rows.push({
      id: String(entityId),
      ...(before && {before: stateOf(entityClass, entityId, before)}),
      ...(after && {after: stateOf(entityClass, entityId, after)}),
    });
  }
  return groups;
}

/** A state as the trail shows it: the id among its properties, relations left out. */
function stateOf(entityClass: typeof Entity, id: unknown, told: object): JsonObject {
  const {modelName, definition} = entityClass;
  const values: Record<string, unknown> = {[idOf(entityClass)]: id};
  for (const [name, value] of Object.entries(told)) {
    const property = definition.properties[name];
    // Names of columns would slip past the masks, which know those of properties.
    if (!property && !(name in definition.relations)) {
      throw new TypeError(`${modelName} has no property ${JSON.stringify(name)}.`);
    }
    if (property) values[name] = modelled(property.type, value);
  }
  return jsonOfProperties(values);
}
