import type {Constructor} from '@loopback/core';
import type {Count, DataObject, DefaultCrudRepository, Entity, Options, Where} from '@loopback/repository';
import {Action} from '../action';
import type {ActorId, AuditableClass, AuditOptions, IAuditMixin, IAuditMixinOptions} from '../types';
import {type Host, RecordedOperation} from './recorded-operation';
import {recordSoftDeletion} from './soft-delete';
import {type ChangeRecording, recordTold, type ToldChange} from './told-change';

/**
 * A repository class that records what its methods insert, update and delete: which rows, their state before
 * and after as the database holds them, what changed, and who did it. The change and its entries belong to one
 * transaction, the caller's or one of their own.
 *
 * What runs past the repository's methods, such as `execute()` with SQL, is not seen, and told by
 * {@link ChangeRecording.recordChange}.
 *
 * @param superClass a juggler repository class, or a subclass of one
 * @param options how its changes are recorded
 */
export function AuditRepositoryMixin<
  M extends Entity,
  ID,
  Relations extends object = object,
  UserID = string,
  R extends AuditableClass<M, ID> = Constructor<DefaultCrudRepository<M, ID, Relations>>,
>(
  superClass: R,
  options: IAuditMixinOptions = {},
): R & Constructor<IAuditMixin<UserID> & ChangeRecording<M, ID>> {
  const recorded = (host: object, call?: AuditOptions) =>
    new RecordedOperation<M, ID>(host as Host<M, ID>, options, call);

  class AuditedRepository extends superClass implements IAuditMixin<UserID>, ChangeRecording<M, ID> {
    getAuditLogRepository?: IAuditMixin<UserID>['getAuditLogRepository'];
    getCurrentUser?: IAuditMixin<UserID>['getCurrentUser'];
    actorIdKey?: ActorId;

    override create(entity: DataObject<M>, call?: AuditOptions): Promise<M> {
      const idsOf = (created: M) => [keyOf(this, created)];
      return recorded(this, call).insert(Action.INSERT_ONE, inner => super.create(entity, inner), idsOf);
    }

    override createAll(entities: DataObject<M>[], call?: AuditOptions): Promise<M[]> {
      const idsOf = (created: M[]) => created.map(each => keyOf(this, each));
      return recorded(this, call).insert(
        Action.INSERT_MANY,
        inner => super.createAll(entities, inner),
        idsOf,
      );
    }

    override save(entity: M, call?: AuditOptions): Promise<M> {
      const change = (inner: Options) => super.save(entity, inner);
      return recorded(this, call).one(Action.UPDATE_ONE, keyOf(this, entity), change, saved =>
        keyOf(this, saved),
      );
    }

    override update(entity: M, call?: AuditOptions): Promise<void> {
      return recorded(this, call).one(Action.UPDATE_ONE, keyOf(this, entity), inner =>
        super.update(entity, inner),
      );
    }

    override updateById(id: ID, data: DataObject<M>, call?: AuditOptions): Promise<void> {
      return recorded(this, call).one(Action.UPDATE_ONE, id, inner => super.updateById(id, data, inner));
    }

    override replaceById(id: ID, data: DataObject<M>, call?: AuditOptions): Promise<void> {
      return recorded(this, call).one(Action.UPDATE_ONE, id, inner => super.replaceById(id, data, inner));
    }

    override updateAll(data: DataObject<M>, where?: Where<M>, call?: AuditOptions): Promise<Count> {
      const change = (part: Where<M>, inner: Options) => super.updateAll(data, part, inner);
      return recorded(this, call).many(Action.UPDATE_MANY, where, change);
    }

    override delete(entity: M, call?: AuditOptions): Promise<void> {
      return recorded(this, call).one(Action.DELETE_ONE, keyOf(this, entity), inner =>
        super.delete(entity, inner),
      );
    }

    override deleteById(id: ID, call?: AuditOptions): Promise<void> {
      return recorded(this, call).one(Action.DELETE_ONE, id, inner => super.deleteById(id, inner));
    }

    override deleteAll(where?: Where<M>, call?: AuditOptions): Promise<Count> {
      const change = (part: Where<M>, inner: Options) => super.deleteAll(part, inner);
      return recorded(this, call).many(Action.DELETE_MANY, where, change);
    }

    recordChange(
      change: ToldChange<M, ID> | readonly ToldChange<M, ID>[],
      call?: AuditOptions,
    ): Promise<void> {
      return recordTold(this, options, Array.isArray(change) ? change : [change as ToldChange<M, ID>], call);
    }
  }
  recordSoftDeletion(AuditedRepository.prototype, superClass.prototype, recorded);
  Object.defineProperty(AuditedRepository, 'name', {value: superClass.name});
  return AuditedRepository;
}

/** The id of an entity; undefined where it is composite, and no one value. */
function keyOf<M extends Entity>({entityClass}: {entityClass: typeof Entity}, entity: M): unknown {
  const [name = '', ...more] = entityClass.getIdProperties();
  return more.length === 0 ? (entity as unknown as Record<string, unknown>)[name] : undefined;
}
