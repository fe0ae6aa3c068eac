import type {RequestContext} from '@loopback/rest';
import {type AuthorizedCaller, authorize, type CallerResolver, type Tenancy} from '../identity/caller';
import type {PermissionKey} from '../identity/permission';
import {type Reading, type ReadLog, readingOf} from './read-log';

/** Lets callers in who may do what they ask for, and has recorded what they read. */
export class Gate {
  constructor(
    private readonly resolve: CallerResolver,
    private readonly tenancy: Tenancy,
    private readonly reads: ReadLog,
  ) {}

  /**
   * @param reading what is read here, where the permission does not tell
   * @throws AuditError UNAUTHENTICATED, INVALID_TOKEN, TOKEN_EXPIRED, FORBIDDEN, IDENTITY_UNAVAILABLE; what recording a
   * reading throws
   */
  async open(
    context: RequestContext,
    needed: PermissionKey,
    reading: Reading | undefined = readingOf(needed),
  ): Promise<AuthorizedCaller> {
    // What is answered is for this caller alone.
    context.response.setHeader('Cache-Control', 'no-store');
    const caller = authorize(await this.resolve(context), needed, this.tenancy);
    if (reading && reading !== 'tree') await this.reads.record(caller, context, reading);
    return caller;
  }
}
