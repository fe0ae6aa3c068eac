import type {Readable} from 'node:stream';

/** A finished export on its way to wherever the host wants it. */
export interface ExportedFile {
  name: string;
  contentType: string;
  content: Readable;
}

export interface ExportedFor {
  tenantId: string;
  /** Who asked for it. */
  requestedBy: string;
}

/**
 * Receives the workbook of an export that named no format. MUST consume the content; what it answers is
 * told to the caller. The default keeps the file in the object store and answers its key.
 */
export type ExportHandler = (file: ExportedFile, exportedFor: ExportedFor) => Promise<{key?: string}>;
