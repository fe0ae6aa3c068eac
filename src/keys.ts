import {BindingKey, CoreBindings} from '@loopback/core';
import type {AuditServiceComponent} from './component';

/** The keys under which the component binds its parts; bind another value to replace a part. */
export namespace AuditServiceBindings {
  export const COMPONENT = BindingKey.create<AuditServiceComponent>(
    `${CoreBindings.COMPONENTS}.AuditServiceComponent`,
  );
}
