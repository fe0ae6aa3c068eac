export {AuditError, ERROR_STATUS, type ErrorCode, type ErrorDetail} from './errors';
