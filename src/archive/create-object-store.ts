import type {ObjectStoreOptions} from '../types';
import {FilesystemStore} from './filesystem-store';
import type {ObjectStore} from './object-store';
import {S3Store} from './s3-store';

/** The store that the options name. Nothing is opened before it is used. */
export const createObjectStore = (options: ObjectStoreOptions): ObjectStore =>
  options.kind === 'folder' ? new FilesystemStore(options.folder) : new S3Store(options);
