import {createWriteStream} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import type {ExportHandler} from '@loopback-audit/service';

/** Puts exported workbooks into a folder of each shop; another host would send them by mail. */
export const exportToFolder =
  (folder: string): ExportHandler =>
  async ({name, content}, {tenantId}) => {
    const shopFolder = join(folder, encodeURIComponent(tenantId));
    await mkdir(shopFolder, {recursive: true});
    await pipeline(content, createWriteStream(join(shopFolder, name)));
    return {key: `${encodeURIComponent(tenantId)}/${name}`};
  };
