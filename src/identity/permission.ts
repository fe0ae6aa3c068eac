/** What a caller may do, under SourceLoop's names; a token may carry the name or the number. */
export enum PermissionKey {
  ViewAudit = '1',
  CreateAudit = '2',
  ExportLogs = '5',
  ArchiveLogs = '6',
  /** Retention, legal holds and erasure. */
  ManageAudit = '7',
}

/** Whether a token's permissions, names or numbers, include this one. */
export function isGranted(permissions: readonly unknown[], needed: PermissionKey): boolean {
  const name = Object.entries(PermissionKey).find(([, key]) => key === needed)?.[0];
  return permissions.some(permission => String(permission) === needed || permission === name);
}
