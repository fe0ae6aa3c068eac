import {inject} from '@loopback/core';
import {DefaultCrudRepository} from '@loopback/repository';
import {ShopDataSource} from '../datasources/shop.datasource';
import {Product} from '../models/product.model';

export class ProductRepository extends DefaultCrudRepository<Product, typeof Product.prototype.id> {
  constructor(@inject(`datasources.${ShopDataSource.dataSourceName}`) source: ShopDataSource) {
    super(Product, source);
  }
}
