/** The name of the datasource that holds audit logs, as SourceLoop's hosts know it. */
export const AuditDbSourceName = 'AuditDB';
