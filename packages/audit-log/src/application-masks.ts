import type {Context, LifeCycleObserver} from '@loopback/core';
import {auditLogOptions} from './audit-log-options';
import {useMasks} from './diff/mask';

/** Makes the masks of the application's options those of the process when it starts. */
export class ApplicationMasks implements LifeCycleObserver {
  constructor(private readonly context: Context) {}

  async start(): Promise<void> {
    const {masks} = await auditLogOptions(this.context);
    if (masks) useMasks(masks);
  }
}
