export {ShopApplication, type ShopSettings} from './application';
export {type ApiKey, sha256} from './authentication/api-key';
