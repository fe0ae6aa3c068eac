import {type Getter, inject} from '@loopback/core';
import {DefaultCrudRepository} from '@loopback/repository';
import {SecurityBindings, securityId, type UserProfile} from '@loopback/security';
import {AuditRepositoryMixin} from '@loopback-audit/audit-log';
import {ShopDataSource} from '../datasources/shop.datasource';
import {Product} from '../models/product.model';

/** Products; what is inserted, updated and deleted here is recorded in the audit trail, in the same transaction. */
export class ProductRepository extends AuditRepositoryMixin<Product, typeof Product.prototype.id>(
  DefaultCrudRepository,
  {actionGroup: 'catalogue'},
) {
  constructor(
    @inject(`datasources.${ShopDataSource.dataSourceName}`) source: ShopDataSource,
    @inject.getter(SecurityBindings.USER, {optional: true}) user: Getter<UserProfile | undefined>,
  ) {
    super(Product, source);
    this.getCurrentUser = async () => {
      const profile = await user();
      return profile && {id: profile[securityId], tenantId: profile.tenantId};
    };
  }
}
