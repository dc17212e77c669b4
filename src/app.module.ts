import { Module, type DynamicModule } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { BrokerGatewayModule } from './broker-gateway/broker-gateway.module.js';
import { ClientControlModule } from './client-control/client-control.module.js';
import { ConfigModule } from './config/config.module.js';
import type { ConfigStore } from './config/config-store.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { Lifecycle } from './lifecycle.js';
import { RegistryModule } from './registry/registry.module.js';

/** The whole application. */
@Module({})
export class AppModule {
  static with(config: ConfigStore): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        HttpModule,
        AuthModule,
        RegistryModule,
        BrokerGatewayModule,
        ClientControlModule,
        HealthModule,
      ],
      providers: [Lifecycle],
    };
  }
}
