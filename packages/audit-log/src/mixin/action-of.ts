import {Action} from '../action';
import type {StatementKind} from '../statement/recording-sql';

/**
 * What a statement of an operation does: what the operation is called, unless it does something else. An update
 * of a deletion is a soft delete, where the repository has them; an insert of a save is an insert.
 */
export function actionOf(kind: StatementKind, operation: Action, isSoft: boolean): Action {
  const many = operation.endsWith('_MANY');
  if (kind === 'INSERT') return many ? Action.INSERT_MANY : Action.INSERT_ONE;
  if (kind === 'DELETE') return many ? Action.DELETE_MANY : Action.DELETE_ONE;
  if (operation.startsWith('UPDATE') || (isSoft && operation.startsWith('DELETE'))) return operation;
  return many ? Action.UPDATE_MANY : Action.UPDATE_ONE;
}

/** Whether a repository marks rows as deleted, where others remove them. */
export const isSoftDeleting = (repository: object): boolean => 'deleteByIdHard' in repository;
