import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ConfigStore } from './config-store.js';

/** Provides the {@link ConfigStore} to everybody. */
@Global()
@Module({})
export class ConfigModule {
  static with(store: ConfigStore): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: ConfigStore, useValue: store }],
      exports: [ConfigStore],
    };
  }
}
