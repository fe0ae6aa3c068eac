import type {Count, Entity, Options, Where} from '@loopback/repository';
import {Action} from '../action';
import type {AuditOptions} from '../types';
import type {RecordedOperation} from './recorded-operation';

/** Methods of repositories that mark rows as deleted instead of removing them (`loopback4-soft-delete`). */
const BY_ID = {
  deleteByIdHard: Action.DELETE_ONE,
  undoSoftDeleteById: Action.UPDATE_ONE,
  restoreById: Action.UPDATE_ONE,
} as const;
const BY_WHERE = {
  deleteAllHard: Action.DELETE_MANY,
  undoSoftDeleteAll: Action.UPDATE_MANY,
  restore: Action.UPDATE_MANY,
} as const;

/** One that takes the entity itself. */
const HARD_DELETE = 'deleteHard';

type Method = (this: object, subject: unknown, options?: Options) => Promise<unknown>;

/**
 * Records the methods of soft deletion that a class has besides those of every repository.
 *
 * @param prototype the audited class's, on which the recording methods are laid
 * @param inherited the class's own methods, which do the work
 */
export function recordSoftDeletion<M extends Entity, ID>(
  prototype: object,
  inherited: object,
  recorded: (host: object, call?: AuditOptions) => RecordedOperation<M, ID>,
): void {
  const own = inherited as Record<string, Method | undefined>;
  const methods: Record<string, Method> = {};
  for (const [name, action] of Object.entries(BY_ID)) {
    const method = own[name];
    if (!method) continue;
    methods[name] = function (id, call) {
      return recorded(this, call).one(action, id, options => method.call(this, id, options));
    };
  }
  for (const [name, action] of Object.entries(BY_WHERE)) {
    const method = own[name];
    if (!method) continue;
    methods[name] = function (where, call) {
      const change = (part: Where<M>, options: Options) => method.call(this, part, options) as Promise<Count>;
      return recorded(this, call).many(action, where as Where<M> | undefined, change);
    };
  }
  const deleteHard = own[HARD_DELETE];
  if (deleteHard) {
    methods[HARD_DELETE] = function (entity, call) {
      const id = (entity as Entity).getId();
      return recorded(this, call).one(Action.DELETE_ONE, id, options =>
        deleteHard.call(this, entity, options),
      );
    };
  }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, {value, configurable: true, writable: true});
  }
}
