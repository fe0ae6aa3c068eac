/**
 * What a repository did, in SourceLoop's vocabulary. Actions recorded from code rather than by a
 * repository use `resource.verb`, such as `user.login`.
 */
export enum Action {
  INSERT_ONE = 'INSERT_ONE',
  INSERT_MANY = 'INSERT_MANY',
  UPDATE_ONE = 'UPDATE_ONE',
  UPDATE_MANY = 'UPDATE_MANY',
  DELETE_ONE = 'DELETE_ONE',
  DELETE_MANY = 'DELETE_MANY',
}
