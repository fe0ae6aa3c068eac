import {inject, lifeCycleObserver} from '@loopback/core';
import {juggler} from '@loopback/repository';

/** Where the shop keeps its products. */
@lifeCycleObserver('datasource')
export class ShopDataSource extends juggler.DataSource {
  static readonly dataSourceName = 'shop';

  constructor(@inject('datasources.config.shop') settings: object) {
    super(settings);
  }
}
