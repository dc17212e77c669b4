import { Module, type DynamicModule } from '@nestjs/common';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BansModule } from './bans/bans.module.js';
import { Lifecycle } from './boot/lifecycle.js';
import { BrokerGatewayModule } from './broker-gateway/broker-gateway.module.js';
import { ClientControlModule } from './client-control/client-control.module.js';
import { ClientInspectModule } from './client-inspect/client-inspect.module.js';
import { ConfigModule } from './config/config.module.js';
import type { ConfigStore } from './config/config-store.js';
import { DiscoveryModule } from './discovery/discovery.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { LogMetrics } from './logging/log-metrics.js';
import { ReloadModule } from './reload/reload.module.js';
import { StandingSubscriptionsModule } from './standing-subscriptions/standing-subscriptions.module.js';

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
        BrokerGatewayModule,
        DiscoveryModule,
        AuditModule,
        ClientControlModule,
        ClientInspectModule,
        EventsModule,
        BansModule,
        StandingSubscriptionsModule,
        HealthModule,
        MetricsModule,
        ReloadModule,
      ],
      providers: [Lifecycle, LogMetrics],
    };
  }
}
