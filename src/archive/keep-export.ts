import {randomUUID} from 'node:crypto';
import type {ExportHandler} from '../export/export-handler';
import {exportKey} from './archive-layout';
import type {ObjectStore} from './object-store';

/** The export handler that keeps every file in the object store, and answers its key. */
export const keepExport =
  (store: ObjectStore): ExportHandler =>
  async ({name, contentType, content}, {tenantId}) => {
    const {key} = await store.put(exportKey(tenantId, `${randomUUID()}-${name}`), content, {contentType});
    return {key};
  };
